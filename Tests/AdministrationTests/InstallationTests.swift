import FoundationEssentials
import TestSupport
import Testing
import Vision

@testable import Administration

@Suite struct InstallationTests {
    private let directory: TemporaryDirectory
    private let environment = [
        "SPOTTER_ONNX_RUNTIME": "\(Checkout.root)/.deps/lib/spotter/libonnxruntime.so"
    ]

    init() throws { directory = try TemporaryDirectory() }

    private func installation(with files: [String]) throws -> Installation {
        let network = try Checkout.bytes("share/spotter/backbone-d3.onnx")
        for file in files {
            let url = URL(filePath: "\(directory.path)/\(file)")
            try FileManager.default.createDirectory(
                atPath: url.deletingLastPathComponent().path(),
                withIntermediateDirectories: true)
            try network.write(to: url)
        }
        return try Installation.find(
            from: "\(directory.path)/bin/spotter", environment: environment)
    }

    @Test(arguments: ["share", ".deps/share"])
    func photographsAreTheDefaultWhereSetUpFetchedThem(folder: String) throws {
        let fetched = "\(folder)/spotter/backbone-lite0.onnx"
        let installation = try installation(with: ["share/spotter/backbone-e1.onnx", fetched])
        let standard = try installation.backbone(.standard)
        #expect(standard.identifier == "backbone-lite0")
        #expect(installation.path(of: .standard) == "\(directory.path)/\(fetched)")
        let own = try installation.backbone(.own)
        #expect(own.identifier == "backbone-e1")
        #expect(installation.path(of: .own) == "\(directory.path)/share/spotter/backbone-e1.onnx")
    }

    @Test func withoutThemItIsSpottersOwn() throws {
        let installation = try installation(
            with: ["share/spotter/backbone-e1.onnx", "share/spotter/backbone-d3.onnx"])
        for choice in [BackboneChoice.standard, .own] {
            let backbone = try installation.backbone(choice)
            #expect(backbone.identifier == "backbone-e1")
            #expect(backbone.alternatives.map(\.identifier) == ["backbone-d3"])
        }
    }

    @Test func theOptionMeansAFileUnlessItIsTheWordOwn() {
        let none = BackboneAnnotations()
        guard case .standard = BackboneChoice(nil, annotations: none),
            case .own = BackboneChoice("own", annotations: none),
            case .file(let file) = BackboneChoice("./own", annotations: none)
        else {
            Issue.record("the option was not understood")
            return
        }
        #expect(file.path == "./own")
    }
}
