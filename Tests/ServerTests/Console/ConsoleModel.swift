import FoundationEssentials
import HTTPTypes
import Storage
import TestSupport
import Testing
import Vision
import Wire

@testable import Server

/// A project with a trained model whose evaluation a test writes itself.
struct ConsoleModel {
    let server: TestServer
    let project: String

    /// Makes a project with enough labels for a training; its pictures are not there.
    init(_ server: TestServer, _ browser: ConsoleBrowser, _ project: String = "p") async throws {
        (self.server, self.project) = (server, project)
        _ = try await browser.post("/projects", ["name": project])
        let lines = (0..<40).map { index in
            #"{"source-ref":"s3://pics/\#(index).png","anomaly-label":\#(index < 25 ? 0 : 1),"#
                + #""anomaly-label-metadata":{"class-name":"\#(index < 25 ? "normal" : "anomaly")","#
                + #""type":"groundtruth/image-classification"}}"#
        }
        let changes = Data(lines.joined(separator: "\n").utf8).base64EncodedString()
        _ = try await server.call(
            .patch, "/projects/\(project)/datasets/train/entries", #"{"Changes":"\#(changes)"}"#)
        try await server.work()
    }

    /// Trains a version, and puts what it says about test images in the place of its evaluation.
    ///
    /// - Parameter scores: names of images with their scores; a name that begins with `a` is an
    ///   anomaly. The model's threshold is 100.
    func train(_ version: Int, _ browser: ConsoleBrowser, _ scores: [String: Double]) async throws {
        #expect(try await browser.post("/projects/\(project)/train").status == 303)
        try await server.work()
        let lines = scores.sorted { $0.key < $1.key }.map { name, score in
            let isAnomaly = name.hasPrefix("a")
            return #"{"source-ref":"s3://pics/\#(name)","anomaly-label":\#(isAnomaly ? 1 : 0),"#
                + #""anomaly-label-metadata":{"class-name":"\#(isAnomaly ? "anomaly" : "normal")","#
                + #""type":"groundtruth/image-classification"},"#
                + #""anomaly-label-detected-metadata":{"spotter-score":\#(score)}}"#
        }
        let model = try #require(
            try await server.metadata.read { try $0.model(project, version) })
        let place = try #require(model.evaluationManifest)
        try await server.service.objects.put(
            .bytes(Data(lines.joined(separator: "\n").utf8)),
            at: ObjectLocation(bucket: place.bucket, key: place.key))
    }

    /// A grey picture of the model's size, whose score is its brightness.
    static func picture(_ grey: UInt8) throws -> Data {
        try PNG.encode(
            RGBImage(
                width: SmallModel.side, height: SmallModel.side, color: RGB(grey, grey, grey)))
    }
}
