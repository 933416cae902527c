import Base
import FoundationEssentials
import Service
import TestSupport
import Testing

@Suite struct EdgeAgentPublisherTests {
    private let service: TestService
    private let bundle: String

    init() throws {
        service = try TestService()
        bundle = "\(service.directory.path)/bundle"
        // The first bytes of an ELF file; byte 18 names the processor.
        var program = Data([0x7F, 0x45, 0x4C, 0x46] + [UInt8](repeating: 0, count: 60))
        program[18] = 62
        for file in ["bin/spotter-edge", "lib/spotter/libonnxruntime.so"] {
            let path = "\(bundle)/\(file)"
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            try FileManager.default.createDirectory(
                atPath: "/" + folder, withIntermediateDirectories: true)
            try program.write(to: URL(filePath: path))
        }
    }

    private func publish(_ architecture: String = "amd64") async throws -> RegisteredComponent {
        let context = service.context
        return try await EdgeAgentPublisher(
            objects: service.objects, registry: context.registry, pool: context.pools.files,
            temporaryDirectory: context.temporaryDirectory
        ).publish(
            bundle: bundle, architecture: architecture, name: EdgeAgentComponent.name,
            version: "0.1.0", bucket: "agents")
    }

    @Test func theSameBundleIsTheSameComponentAndAnotherIsRefused() async throws {
        let first = try await publish()
        #expect(try await publish() == first)
        try Data([1]).write(to: URL(filePath: "\(bundle)/extra"))
        let error = await #expect(throws: ComponentError.self) { try await publish() }
        #expect(error?.code == .alreadyExists)
        #expect(error?.message.contains("--component-version") == true)
    }

    @Test func whatWasDeletedIsPublishedAgain() async throws {
        let registry = try #require(service.context.registry as? any ComponentCatalogue)
        let first = try await publish()
        try await registry.delete(first.name, version: first.version)
        let second = try await publish()
        #expect(try await registry.component(second.name, version: second.version) == second)
    }

    @Test func ofTwoThatPublishTheSameAtOnceNoneFails() async throws {
        async let one = publish()
        async let other = publish()
        let both = try await [one, other]
        #expect(both[0] == both[1])
    }

    @Test(arguments: [
        ("com.x y", "0.1.0", "ComponentName must"), ("a", "0.1", "MAJOR.MINOR.PATCH"),
    ])
    func namesThatNoComponentCanHaveAreRefused(name: String, version: String, words: String)
        async throws
    {
        let publisher = EdgeAgentPublisher(
            objects: service.objects, registry: service.context.registry,
            pool: service.context.pools.files,
            temporaryDirectory: service.context.temporaryDirectory)
        let error = await #expect(throws: ComponentError.self) {
            try await publisher.publish(
                bundle: bundle, architecture: "amd64", name: name, version: version,
                bucket: "agents")
        }
        #expect(error?.code == .invalidRecipe && error?.message.contains(words) == true)
    }

    @Test func aBundleForAnotherProcessorOrWithoutItsLibraryIsRefused() async throws {
        var error = await #expect(throws: ComponentError.self) { try await publish("aarch64") }
        #expect(error?.message.contains("is for amd64, not for aarch64") == true)
        try FileManager.default.removeItem(atPath: "\(bundle)/lib/spotter/libonnxruntime.so")
        error = await #expect(throws: ComponentError.self) { try await publish() }
        #expect(error?.message.contains("make edge-agent") == true)
    }
}
