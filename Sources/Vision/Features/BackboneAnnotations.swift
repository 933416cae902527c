package import FoundationEssentials
import SwiftProtobuf

/// What a backbone's file says about itself beyond its shapes, as metadata of the ONNX file; nil
/// where it says nothing.
package struct BackboneAnnotations: Sendable, Equatable {
    private static let pixels = 1...VisionLimits.tapStridePixelsMax
    /// Dividing by less overflows 32-bit floats.
    private static let deviationMin: Float = 1e-6

    /// Pixels from cell to cell, one for each output.
    package var strides: [Int]?
    /// Pixels that sides of images are multiples of.
    package var multiple: Int?
    /// Of red, green and blue in 0...1.
    package var mean: [Float]?
    /// Of red, green and blue in 0...1, each at least 1e-6; colours are divided by it after `mean`
    /// is taken away.
    package var deviation: [Float]?
    /// See `FeatureExtractor.seesTexture`; no flag of a command sets it.
    package private(set) var seesTexture = false

    /// Annotations from the command line or a test; nil leaves the file's own.
    package init(
        strides: [Int]? = nil, multiple: Int? = nil, mean: [Float]? = nil,
        deviation: [Float]? = nil
    ) {
        self.strides = strides
        self.multiple = multiple
        self.mean = mean
        self.deviation = deviation
    }

    /// - Throws: `invalidModel` with a message that lacks its subject.
    init(_ model: ONNXModel) throws(VisionError) {
        func value<Value>(
            _ key: String, _ parse: (String) throws(VisionError) -> Value
        ) throws(VisionError) -> Value? {
            guard let text = model.metadataProps.first(where: { $0.key == key })?.value else {
                return nil
            }
            do throws(VisionError) {
                return try parse(text)
            } catch {
                throw VisionError(
                    .invalidModel, "has '\(text.prefix(60))' as \(key), which \(error.message)")
            }
        }
        strides = try value("spotter.strides", Self.strides)
        multiple = try value("spotter.multiple", Self.multiple)
        mean = try value("spotter.mean", Self.mean)
        deviation = try value("spotter.std", Self.deviation)
        seesTexture = model.metadataProps.contains {
            $0.key == "spotter.texture" && $0.value == "own"
        }
    }

    /// Whether there is nothing to write into a file.
    package var isEmpty: Bool { self == BackboneAnnotations() }

    var normalisation: ColorNormalisation {
        var normalisation = ColorNormalisation.none
        if let mean { normalisation.mean = mean }
        if let deviation { normalisation.deviation = deviation }
        return normalisation
    }

    /// The same file with these annotations in place of its own; what is nil here stays.
    ///
    /// - Throws: `invalidModel` when `file` is not an ONNX file.
    package func written(into file: Data) throws(VisionError) -> Data {
        do {
            var model = try ONNXModel(serializedBytes: file)
            func set(_ key: String, _ values: [some CustomStringConvertible]?) {
                guard let values else { return }
                model.metadataProps.removeAll { $0.key == key }
                var property = ONNXProperty()
                property.key = key
                property.value = values.map(\.description).joined(separator: ",")
                model.metadataProps.append(property)
            }
            set("spotter.strides", strides)
            set("spotter.multiple", multiple.map { [$0] })
            set("spotter.mean", mean)
            set("spotter.std", deviation)
            return try model.serializedData()
        } catch {
            throw VisionError(.invalidModel, "The backbone is not an ONNX file.")
        }
    }

    /// Parses strides in pixels, like `4,8`: one for each output of the backbone.
    ///
    /// - Throws: `invalidModel` with a message that lacks its subject, as the next three.
    package static func strides(_ text: String) throws(VisionError) -> [Int] {
        try values(
            text, must: "whole numbers from 1 to \(pixels.upperBound) between commas, like 4,8"
        ) { Int($0).flatMap { pixels.contains($0) ? $0 : nil } }
    }

    /// Parses the number of pixels that sides of images are multiples of, 1 to 256.
    package static func multiple(_ text: String) throws(VisionError) -> Int {
        try values(text, count: 1, must: "a whole number from 1 to \(pixels.upperBound)") {
            Int($0).flatMap { pixels.contains($0) ? $0 : nil }
        }[0]
    }

    /// Parses the means of red, green and blue, for colours in 0...1.
    package static func mean(_ text: String) throws(VisionError) -> [Float] {
        try values(
            text, count: 3, must: "three numbers between commas, for red, green and blue in 0 to 1"
        ) { Float($0).flatMap { $0.isFinite ? $0 : nil } }
    }

    /// Parses the deviations of red, green and blue, for colours in 0...1.
    package static func deviation(_ text: String) throws(VisionError) -> [Float] {
        try values(
            text, count: 3,
            must: "three numbers above 0 between commas, for red, green and blue in 0 to 1"
        ) { Float($0).flatMap { $0.isFinite && $0 >= deviationMin ? $0 : nil } }
    }

    private static func values<Value>(
        _ text: String, count: Int? = nil, must: String, _ parse: (String) -> Value?
    ) throws(VisionError) -> [Value] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let values = parts.compactMap { parse($0.filter { $0 != " " }) }
        guard values.count == parts.count, count == nil || count == parts.count else {
            throw VisionError(.invalidModel, "must be \(must)")
        }
        return values
    }
}
