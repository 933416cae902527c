import Base
import FoundationEssentials
import Storage
import TestSupport
import Testing
import Vision

@testable import Service

@Suite struct BackboneTests {
    private let service: TestService
    private let path: String
    private let folder: BackboneFolder
    private let backbones: Backbones

    init() throws {
        service = try TestService()
        path = "\(service.directory.path)/given"
        folder = BackboneFolder(path: path)
        backbones = Backbones(
            standard: try Checkout.backbone(), store: folder, pool: service.pool)
    }

    private static let file = "\(Checkout.root)/share/spotter/backbone-d3.onnx"

    private func settings(_ backbone: String?) -> ProjectSettings {
        var settings = ProjectSettings()
        settings.backbone = backbone
        return settings
    }

    @Test func aBackboneIsStoredOnceUnderItsDigest() async throws {
        let runtime = try Checkout.runtime.get()
        let source = try BackboneSource(Self.file, runtime: runtime)
        let name = try await folder.add(source)
        #expect(try await folder.add(source) == name)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["\(name).onnx"])
        #expect(name == Checksum.sha256(try Data(contentsOf: URL(filePath: Self.file))))
        #expect(try await backbones.extractor(for: settings(name)).identifier == name)
        #expect(try await backbones.extractor(for: settings(nil)).identifier == "backbone-e1")
    }

    @Test func aStoredBackboneThatIsGoneOrDamagedIsToldWithItsFile() async throws {
        let name = try await folder.add(
            BackboneSource(Self.file, runtime: try Checkout.runtime.get()))
        try Data("garbage".utf8).write(to: URL(filePath: "\(path)/\(name).onnx"))
        for missing in [name, String(repeating: "0", count: 64)] {
            let error = await #expect(throws: VisionError.self) {
                try await backbones.extractor(for: settings(missing))
            }
            #expect(error?.message.contains("\(missing).onnx") == true)
            #expect(error?.message.contains("spotter project set") == true)
        }
    }

    @Test func whatIsNoBackboneIsRefusedByItsNameAndNotStored() throws {
        let runtime = try Checkout.runtime.get()
        let text = "\(service.directory.path)/text.onnx"
        try Data("text".utf8).write(to: URL(filePath: text))
        for file in [text, "/no/such.onnx", service.directory.path] {
            let error = #expect(throws: VisionError.self) {
                try BackboneSource(file, runtime: runtime)
            }
            #expect(error?.message.contains(file) == true)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}
