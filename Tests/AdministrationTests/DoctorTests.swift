import Foundation
import Service
import Storage
import TestSupport
import Testing

@testable import Administration

@Suite struct DoctorTests {
    private let installation: SmallInstallation

    init() async throws { installation = try await SmallInstallation() }

    private func findings(
        _ configuration: StoresConfiguration? = nil, environment: [String: String] = [:]
    ) async throws -> [String: Finding] {
        let all = try await Doctor.examine(
            configuration ?? installation.configuration, environment: environment)
        return Dictionary(all.map { ($0.check, $0) }) { first, _ in first }
    }

    private func failed(_ findings: [String: Finding]) -> Set<String> {
        Set(findings.values.filter { $0.level == .failed }.map(\.check))
    }

    private func database(_ statements: String) throws {
        try change("\(installation.path)/spotter.sqlite", statements)
    }

    @Test func aServerAtWorkIsFoundWellAndNothingIsLeftBehind() async throws {
        try await Stores.withStores(
            holding: installation.configuration, environment: [:]
        ) { server in
            let member = MemberRecord(
                id: UUID(), role: .server, host: "h", version: "1.0", kinds: ["train"], places: 2,
                started: Date())
            try await server.metadata().write { try $0.save(member) }
            let found = try await findings()
            #expect(failed(found).isEmpty)
            for check in [
                "ONNX Runtime", "backbone", "data directory", "objects", "schema", "queue",
                "leases", "failed jobs", "left objects", "hosted models",
            ] {
                #expect(found[check]?.level == .ok, "\(check)")
            }
            // A machine under load may be slow.
            #expect(found["round trip"]?.text.contains("a read takes") == true)
            #expect(found["members"]?.text.contains("server 1.0 (h)") == true)
        }
        #expect(try !filesBelow(installation.path).contains { $0.contains(".spotter-doctor") })
    }

    @Test func whatIsBrokenIsNamed() async throws {
        let model = try file("model.onnx", below: installation.path)
        try FileManager.default.removeItem(atPath: "\(installation.path)/\(model)")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: "\(installation.path)/credentials")
        let job =
            #"{"id": "3F2504E0-4F89-11D3-9A0C-0305E82C3301", "kind": "train", "attempt": 1, "#
            + #""subject": "", "state": "failed", "notBefore": 0, "created": 0, "#
            + #""lastError": "the disk is full"}"#
        let now = Date().timeIntervalSince1970
        try database(
            """
            UPDATE model SET status = 'HOSTED', document = replace(document, 'TRAINED', 'HOSTED');
            INSERT INTO job (id, kind, state, not_before, document) VALUES
              ('3F2504E0-4F89-11D3-9A0C-0305E82C3301', 'train', 'failed', \(now - 60), '\(job)');
            DELETE FROM member;
            INSERT INTO staged_object VALUES ('p/9/x/model.onnx', \(now - 3 * 86_400));
            """)
        let found = try await findings(
            environment: ["SPOTTER_ONNX_RUNTIME": "/no/such/libonnxruntime.so"])
        #expect(failed(found) == ["installation", "hosted models"])
        #expect(found["hosted models"]?.text.contains("parts/1") == true)
        #expect(found["failed jobs"]?.text.contains("the disk is full") == true)
        #expect(found["left objects"]?.text.contains("p/9/x/model.onnx") == true)
        #expect(found["root key"]?.level == .warning && found["members"]?.level == .warning)
    }

    @Test func newerDamagedAndMovedRowsAreFailures() async throws {
        try database("INSERT INTO grdb_migrations VALUES ('9999-later')")
        #expect(failed(try await findings()).contains("schema"))
        try installation.write(
            String(repeating: "this is not a database", count: 1000), "spotter.sqlite")
        #expect(failed(try await findings()).contains("database"))
        try MovedRows.note(in: installation.path, place: "database x", now: Date())
        let moved = try await findings()
        #expect(failed(moved) == ["database"])
        #expect(moved["database"]?.text.contains("were moved to the database x") == true)
    }

    @Test func whereThereIsNothingYetNothingIsMade() async throws {
        var configuration = installation.configuration
        configuration.dataDirectory = "\(installation.folder.path)/nothing"
        let found = try await findings(configuration)
        #expect(failed(found).isEmpty && found["data directory"]?.level == .warning)
        #expect(!installation.exists("nothing"))
    }

    @Test func aBackboneThatCannotBeReadAndAClusterThatIsAwayAreFailures() async throws {
        var configuration = installation.configuration
        configuration.metadata = .postgreSQL(url: "postgres://spotter:s3cr3t@127.0.0.1:1/rows")
        configuration.objectStore = .s3(endpoint: "http://127.0.0.1:1", region: nil)
        configuration.stateBucket = "spotter-state"
        let all = try await Doctor.examine(
            configuration, backbone: .file(BackboneFile(path: "\(installation.path)/credentials")),
            environment: [
                "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
                "AWS_SECRET_ACCESS_KEY": "secret-of-16-bytes",
            ])
        let levels = Set(all.filter { $0.level == .failed }.map(\.check))
        #expect(levels == ["backbone", "objects", "database"])
        #expect(!all.contains { "\($0)".contains("s3cr3t") })
    }
}
