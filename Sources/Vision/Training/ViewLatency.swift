import FoundationEssentials

/// What judging an image takes in a view: the time of a run with one thread on this machine, the
/// median of several, without decoding and resizing.
enum ViewLatency {
    /// An odd number, so that one of them is the median; few, since a large view takes a second.
    private static let runs = 7

    /// The views that take at most `millisecondsMax`, and in any case the first, which is the
    /// smallest. Counted are features and distances to a full memory bank, which are nearly all of
    /// a detector.
    ///
    /// - Parameters:
    ///   - views: the smallest first.
    ///   - millisecondsMax: nil takes all, and measures nothing.
    static func bounded(
        _ views: [FeatureView], by millisecondsMax: Double?, runtime: OnnxRuntime
    ) throws(VisionError) -> [FeatureView] {
        guard let millisecondsMax else { return views }
        var kept: [FeatureView] = []
        for view in views {
            if !kept.isEmpty, try milliseconds(view, runtime: runtime) > millisecondsMax {
                continue
            }
            kept.append(view)
        }
        return kept
    }

    /// Of a whole detector, masks included.
    static func milliseconds(
        of detector: Data, _ view: FeatureView, runtime: OnnxRuntime
    ) throws(VisionError) -> Double {
        let session = try InferenceSession(runtime: runtime, model: detector, threads: 1)
        return try median { () throws(VisionError) in
            _ = try session.run(
                blank(view), outputs: [DetectorGraph.scoreOutput, DetectorGraph.mapOutput])
        }
    }

    /// Of features and distances.
    private static func milliseconds(_ view: FeatureView, runtime: OnnxRuntime)
        throws(VisionError) -> Double
    {
        let features = try InferenceSession(
            runtime: runtime, model: DetectorGraph.features(view), threads: 1)
        let image = try median { () throws(VisionError) in
            _ = try features.run(blank(view), outputs: ["features"])
        }
        let distances = try InferenceSession(
            runtime: runtime, model: distances(view), threads: 1)
        let rows = Tensor(
            shape: [view.patches, view.channels],
            values: [Float](repeating: 1, count: view.patches * view.channels))
        let nearest = try median { () throws(VisionError) in
            _ = try distances.run([("rows", .floats(rows))], outputs: ["distances"])
        }
        return image + nearest
    }

    private static func blank(_ view: FeatureView) -> [(name: String, value: InputTensor)] {
        let input = view.input
        return [
            (
                DetectorGraph.imageInput,
                .bytes(
                    shape: [1, input.height, input.width, 3],
                    values: [UInt8](repeating: 128, count: input.area * 3))
            )
        ]
    }

    /// To a memory bank of the largest size. What is in it does not matter for the time.
    private static func distances(_ view: FeatureView) throws(VisionError) -> Data {
        let leading = min(view.channels, VisionLimits.distanceChannelsMax)
        let whitening = Whitening(
            mean: [Float](repeating: 0, count: view.channels),
            transform: [Float](repeating: 1, count: view.channels * leading), outputs: leading)
        let bank = Rows(
            width: leading,
            values: [Float](repeating: 1, count: leading * VisionLimits.bankPatchesMax))
        return try DetectorGraph.distances(whitening, .memoryBank(bank), view)
    }

    private static func median(_ body: () throws(VisionError) -> Void) throws(VisionError)
        -> Double
    {
        // The first run takes memory.
        try body()
        var times: [Double] = []
        for _ in 0..<runs {
            let begin = ContinuousClock.now
            try body()
            times.append((ContinuousClock.now - begin) / .milliseconds(1))
        }
        return times.sorted()[runs / 2]
    }
}

extension Trainer {
    /// Bounds that may be asked for, in milliseconds: the least leaves the smallest view on every
    /// machine, the most is what a run may take at all.
    package static let latencyMilliseconds = 0.1...(VisionLimits.runSecondsMax * 1000)
}
