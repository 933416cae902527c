import FoundationEssentials
import TestSupport
import Testing
import Vision

@Suite struct PackageTests {
    /// A device keeps packages for years, so every format that was ever written stays readable.
    @Test(arguments: 1...ModelManifest.currentFormatVersion)
    func goldenPackagesOfEveryFormatStillRun(version: Int) throws {
        let path = "\(Checkout.root)/Tests/VisionTests/Golden/package-\(version).zip"
        let package = try ModelPackage(path: path)
        #expect(package.manifest.formatVersion == version)
        #expect((package.selfTest != nil) == (version >= 2))
        let detector = try package.detector(runtime: try Checkout.runtime.get(), threads: 1)
        var image = RGBImage(width: 64, height: 64, color: RGB(51, 51, 51))
        #expect(abs(try detector.detect(image).score - 0.2) < 1e-6)
        #expect(try !detector.detect(image).isAnomalous)
        image[10, 20] = RGB(255, 255, 255)
        #expect(try detector.detect(image).isAnomalous)
    }

    @Test func aThresholdOfTheDeviceReplacesTheTrainedOne() throws {
        let path = "\(Checkout.root)/Tests/VisionTests/Golden/package-2.zip"
        let package = try ModelPackage(path: path)
        let detector = try package.detector(
            runtime: try Checkout.runtime.get(), threads: 1, threshold: 0.1)
        let detection = try detector.detect(
            RGBImage(width: 64, height: 64, color: RGB(51, 51, 51)))
        #expect(detection.isAnomalous && detection.confidence > 0.5)
    }

    @Test func aMissingPackageIsNamed() {
        let error = #expect(throws: VisionError.self) { try ModelPackage(path: "/none/p.zip") }
        #expect(error?.message.contains("/none/p.zip") == true)
    }
}
