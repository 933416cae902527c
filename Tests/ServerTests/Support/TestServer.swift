import Access
import Administration
import Base
import Console
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Service
import Storage
import Synchronization
import TestSupport
import Testing
import Vision
import Wire
import WireAWS

@testable import Server

/// A server in this process on fresh stores and a manual clock. Requests go to its application
/// without a socket, so they come from no address; `live` opens one on a free port.
final class TestServer: Sendable {
    static let root = Credentials(
        accessKeyID: "SPTRROOTROOTROOTROOT", secretAccessKey: "secret of the root key")
    /// Read once for all servers: its templates take a tenth of a second.
    private static let consoleFiles = Result {
        try ConsoleFiles(folder: "\(Checkout.root)/share/spotter/console")
    }

    let service: TestService
    let metadata: FaultyMetadata
    let log = LogLines()
    let membership: Membership
    let application: Application<FrontDoor>
    private let audit: AuditLog
    private let keys = Mutex(0)

    /// - Parameter directory: that of an earlier server, whose data this one goes on with.
    init(
        directory: TemporaryDirectory? = nil, limits: AdjustableLimits = AdjustableLimits(),
        metricsAccess: MetricsAccess = .everyone,
        freeBytes: @escaping @Sendable () -> Int? = { nil }, hasConsole: Bool = false,
        certificate: CertificateHolder? = nil, version: String = "test",
        agentBundle: @escaping @Sendable (String) -> String? = { _ in nil }
    ) throws {
        let wrapped = Mutex<FaultyMetadata?>(nil)
        service = try TestService(
            directory: directory, limits: limits, training: InstantTraining(), logger: log.logger
        ) { store in
            let faulty = FaultyMetadata(store)
            wrapped.withLock { $0 = faulty }
            return faulty
        }
        metadata = try #require(wrapped.withLock { $0 })
        let context = service.context
        let member = UUID()
        audit = AuditLog(
            files: try AuditFiles(
                directory: "\(service.directory.path)/audit",
                fileBytesMax: limits.auditFileBytesMax, filesMax: limits.auditFilesMax,
                isDelivered: false, logger: context.logger),
            unverified: try AuditFiles.unverified(
                directory: "\(service.directory.path)/audit", limits: limits,
                logger: context.logger),
            source: AuditSource(host: "test-host", member: member), arns: context.arns)
        membership = Membership(
            own: MemberRecord(
                id: member, role: .server, host: "test-host", version: "test", kinds: [],
                places: 0, started: context.now()),
            metadata: metadata, now: context.now, logger: context.logger)
        let connections = Connections(limits, logger: context.logger)
        application = ServerApplication(
            context: context, credentials: Self.root,
            s3: EmbeddedS3(
                store: service.buckets, region: context.arns.region,
                owner: S3Owner(ID: context.arns.account, DisplayName: "spotter")),
            registry: service.registry, audit: audit, membership: membership,
            metricsAccess: metricsAccess, version: version, freeBytes: freeBytes,
            consoleFiles: hasConsole ? try Self.consoleFiles.get() : nil, agentBundle: agentBundle
        ).application(
            hostname: "127.0.0.1", port: 0, connections: connections, certificate: certificate
        ) { _ in }
    }

    var now: Date { service.clock.now }

    // MARK: Requests

    /// Sends a request as it is.
    func send(_ request: TestRequest) async throws -> Answer {
        try await application.test(.router) { try await request.send(by: $0) }
    }

    /// Signs a request of the API and sends it.
    func call(
        _ method: HTTPRequest.Method, _ path: String, query: [(String, String)] = [],
        _ body: String = "", headers: [(String, String)] = [], as key: Credentials = root
    ) async throws -> Answer {
        try await send(
            TestRequest(
                method, "/2020-11-20" + path, query: query, headers: headers, body: body
            ).signed(as: key, "lookoutvision", at: now))
    }

    /// A request to a service that its signature names.
    func send(
        _ request: TestRequest, to service: String, as key: Credentials = root,
        payload: SignedPayload? = nil
    ) async throws -> Answer {
        try await send(request.signed(as: key, service, payload: payload, at: now))
    }

    /// Runs `body` with a client on a real connection, and the authority that it must sign.
    func live<Value: Sendable>(
        _ body: @Sendable (any TestClientProtocol, String) async throws -> Value
    ) async throws -> Value {
        try await application.test(.ahc(.http)) { client in
            try await body(client, "localhost:\(client.port ?? 0)")
        }
    }

    // MARK: Users

    /// A new user's key.
    ///
    /// - Parameter statements: of the policy, in JSON.
    func user(_ statements: String...) async throws -> Credentials {
        let number = keys.withLock { count in
            count += 1
            return count
        }
        return try await user("user\(number)", policy: Self.policy(statements))
    }

    func user(_ name: String, policy: String) async throws -> Credentials {
        let key = Credentials(
            accessKeyID: "SPTR\(name.uppercased())", secretAccessKey: "secret of \(name)")
        let now = now
        try await metadata.write {
            try $0.save(
                UserRecord(
                    name: name, accessKeyID: key.accessKeyID,
                    secretAccessKey: key.secretAccessKey, policy: policy, created: now))
        }
        return key
    }

    static func policy(_ statements: [String]) -> String {
        #"{"Version":"2012-10-17","Statement":[\#(statements.joined(separator: ","))]}"#
    }

    // MARK: What it keeps

    /// Does the jobs that wait, until there is none.
    func work() async throws {
        let lane = WorkerLane(kinds: JobSubject.Kind.allCases, places: 1)
        let worker = Worker(context: service.context, id: UUID())
        while try await worker.workOnce(on: lane) {}
    }

    /// The lines of an audit log's newest file, the oldest first.
    func auditLines(_ kind: AuditFiles.Kind = .audit) throws -> [JSONValue] {
        let bytes = try Data(
            contentsOf: URL(filePath: "\(service.directory.path)/audit/\(kind.rawValue).jsonl"))
        return try bytes.split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: $0) }
    }

    /// The values of `/metrics` by name and labels.
    func metrics() async throws -> [String: Double] {
        let answer = try await send(TestRequest(.get, "/metrics"))
        #expect(answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
        return answer.text.split(separator: "\n").reduce(into: [:]) { values, line in
            guard !line.hasPrefix("#"), let space = line.lastIndex(of: " ") else { return }
            values[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
    }

    /// A bucket with objects.
    func bucket(_ name: String, _ objects: [String: Data] = [:]) async throws {
        try await service.objects.createBucket(name)
        for (key, bytes) in objects {
            try await service.objects.put(
                .bytes(bytes), at: ObjectLocation(bucket: name, key: key))
        }
    }
}

/// A statement of a policy in JSON.
func allow(
    _ actions: String..., resource: String = "*", effect: String = "Allow",
    condition: String? = nil
) -> String {
    let names = actions.map { "\"\($0)\"" }.joined(separator: ",")
    let condition = condition.map { #","Condition":\#($0)"# } ?? ""
    return #"{"Effect":"\#(effect)","Action":[\#(names)],"Resource":"\#(resource)"\#(condition)}"#
}
