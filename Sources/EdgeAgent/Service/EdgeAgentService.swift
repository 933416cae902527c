import Base
import EdgeProtocol
import FoundationEssentials
import GRPCCore
import Logging
import NIOPosix
import Vision

/// The interface that client programs use.
struct EdgeAgentService: AWS_LookoutVision_EdgeAgent.SimpleServiceProtocol {
    let shelf: ModelShelf
    let admission: Admission
    let pool: NIOThreadPool
    let metrics: AgentMetrics
    let logger: Logger

    func detectAnomalies(
        request: AWS_LookoutVision_DetectAnomaliesRequest, context: ServerContext
    ) async throws -> AWS_LookoutVision_DetectAnomaliesResponse {
        let start = ContinuousClock.now
        do {
            let response = try await detect(request, context)
            let result = response.detectAnomalyResult
            metrics.detected(
                request.modelComponent, isAnomalous: result.isAnomalous,
                score: Double(result.anomalyScore), threshold: Double(result.anomalyThreshold),
                seconds: (ContinuousClock.now - start) / .seconds(1))
            return response
        } catch {
            // Names that are none must not fill the table of those that are.
            let isUnknown = (error as? AgentError)?.code == .notFound
            metrics.failed(isUnknown ? nil : request.modelComponent)
            throw translated(error, "DetectAnomalies", request.modelComponent)
        }
    }

    func startModel(request: AWS_LookoutVision_StartModelRequest, context: ServerContext)
        async throws -> AWS_LookoutVision_StartModelResponse
    {
        do {
            var response = AWS_LookoutVision_StartModelResponse()
            response.status = try shelf.start(request.modelComponent).wire
            return response
        } catch {
            throw translated(error, "StartModel", request.modelComponent)
        }
    }

    func stopModel(request: AWS_LookoutVision_StopModelRequest, context: ServerContext)
        async throws -> AWS_LookoutVision_StopModelResponse
    {
        do {
            var response = AWS_LookoutVision_StopModelResponse()
            response.status = try await shelf.stop(request.modelComponent).wire
            return response
        } catch {
            throw translated(error, "StopModel", request.modelComponent)
        }
    }

    func listModels(request: AWS_LookoutVision_ListModelsRequest, context: ServerContext)
        async throws -> AWS_LookoutVision_ListModelsResponse
    {
        var response = AWS_LookoutVision_ListModelsResponse()
        response.models = shelf.list().map { listing in
            var model = AWS_LookoutVision_ModelMetadata()
            model.modelComponent = listing.component
            model.lookoutVisionModelArn = listing.arn
            model.status = listing.status.wire
            model.statusMessage = listing.message
            return model
        }
        return response
    }

    func describeModel(request: AWS_LookoutVision_DescribeModelRequest, context: ServerContext)
        async throws -> AWS_LookoutVision_DescribeModelResponse
    {
        do {
            let listing = try shelf.describe(request.modelComponent)
            var response = AWS_LookoutVision_DescribeModelResponse()
            response.modelDescription.modelComponent = listing.component
            response.modelDescription.lookoutVisionModelArn = listing.arn
            response.modelDescription.status = listing.status.wire
            response.modelDescription.statusMessage = listing.message
            return response
        } catch {
            throw translated(error, "DescribeModel", request.modelComponent)
        }
    }

    private func detect(
        _ request: AWS_LookoutVision_DetectAnomaliesRequest, _ context: ServerContext
    ) async throws -> AWS_LookoutVision_DetectAnomaliesResponse {
        let detector = try shelf.beginCall(request.modelComponent)
        defer { shelf.endCall(request.modelComponent, detector) }
        let bitmap = request.bitmap
        let count = try Self.checked(bitmap, detector)
        let input = try Self.input(bitmap, count: count)
        let output = try Self.output(request, detector)
        guard await admission.enter(bytes: input.waitingBytes) else {
            throw AgentError(
                .resourceExhausted,
                "\(admission.waitingCalls) calls are waiting already; send fewer at once, or try "
                    + "again.")
        }
        defer { admission.leave() }
        // A client that has gone needs no answer. gRPC does not cancel the task for it.
        if context.cancellation.isCancelled { throw CancellationError() }
        return try await pool.runIfActive {
            let pixels = try input.pixels(count: count)
            let image = RGBImage(
                width: Int(bitmap.width), height: Int(bitmap.height), pixels: pixels)
            let detection = try detector.detect(image)
            var response = AWS_LookoutVision_DetectAnomaliesResponse()
            response.detectAnomalyResult = try Self.result(detection, output)
            return response
        }
    }

    private enum Input: Sendable {
        case bytes(Data)
        case segment(SharedMemory)

        /// What stays in memory while the call waits for a core.
        var waitingBytes: Int {
            switch self {
            case .bytes(let data): data.count
            case .segment: 0
            }
        }

        func pixels(count: Int) throws(AgentError) -> [UInt8] {
            switch self {
            case .bytes(let data): [UInt8](data)
            case .segment(let segment): try segment.read(count: count)
            }
        }
    }

    /// - Returns: bytes of the image.
    private static func checked(_ bitmap: AWS_LookoutVision_Bitmap, _ detector: Detector)
        throws(AgentError) -> Int
    {
        let (width, height) = (Int(bitmap.width), Int(bitmap.height))
        let sides = VisionLimits.imageSidePixelsMin...VisionLimits.imageSidePixelsMax
        guard sides.contains(width), sides.contains(height) else {
            throw AgentError(
                .invalidArgument,
                "bitmap: width and height must be \(sides.lowerBound) to \(sides.upperBound), not "
                    + "\(width) and \(height).")
        }
        do throws(VisionError) {
            try detector.checkSize(width: width, height: height)
        } catch {
            throw AgentError(.invalidArgument, "bitmap: \(error.message)")
        }
        return width * height * 3
    }

    private static func input(_ bitmap: AWS_LookoutVision_Bitmap, count: Int) throws(AgentError)
        -> Input
    {
        switch bitmap.data {
        case .byteData(let data):
            guard data.count == count else {
                throw AgentError(
                    .invalidArgument,
                    "bitmap.byte_data has \(data.count) bytes; \(bitmap.width)×\(bitmap.height) "
                        + "pixels of RGB888 have \(count).")
            }
            return .bytes(data)
        case .sharedMemoryHandle(let handle):
            return .segment(try SharedMemory(handle))
        case nil:
            throw AgentError(
                .invalidArgument, "bitmap: byte_data or shared_memory_handle is needed.")
        }
    }

    /// - Returns: where the mask goes; nil to answer with its bytes.
    private static func output(
        _ request: AWS_LookoutVision_DetectAnomaliesRequest, _ detector: Detector
    ) throws(AgentError) -> SharedMemory? {
        let parameters = request.anomalyMaskParams
        guard !detector.manifest.labels.isEmpty else { return nil }
        if parameters.hasSharedMemoryHandle {
            return try SharedMemory(parameters.sharedMemoryHandle)
        }
        if parameters.hasSharedMemoryHandleAlternative {
            return try SharedMemory(parameters.sharedMemoryHandleAlternative)
        }
        return nil
    }

    private static func result(
        _ detection: Detection, _ output: SharedMemory?
    ) throws(AgentError) -> AWS_LookoutVision_DetectAnomalyResult {
        var result = AWS_LookoutVision_DetectAnomalyResult()
        result.isAnomalous = detection.isAnomalous
        result.confidence = Float(detection.confidence)
        result.anomalyScore = Float(detection.score)
        result.anomalyThreshold = Float(detection.threshold)
        guard let segmentation = detection.segmentation else { return result }
        result.anomalies = zip(segmentation.classes, segmentation.areas).enumerated().compactMap {
            index, entry in
            // The background is always there, a label only where it was found.
            guard index == 0 || entry.1 > 0 else { return nil }
            var anomaly = AWS_LookoutVision_Anomaly()
            anomaly.name = entry.0.name
            anomaly.pixelAnomaly.totalPercentageArea = Float(entry.1)
            anomaly.pixelAnomaly.hexColor = entry.0.color
            return anomaly
        }
        result.anomalyMask.width = Int32(segmentation.width)
        result.anomalyMask.height = Int32(segmentation.height)
        let mask = segmentation.rgb()
        if let output {
            try output.write(mask)
            result.anomalyMask.sharedMemoryHandle = output.wire
        } else {
            result.anomalyMask.byteData = Data(mask)
        }
        return result
    }

    private func translated(_ error: any Error, _ call: String, _ component: String) -> RPCError {
        let known: AgentError
        switch error {
        case let error as AgentError: known = error
        case let error as VisionError: known = AgentError(error)
        case is CancellationError: return RPCError(code: .cancelled, message: "The client left.")
        default: known = AgentError(.internalError, "Something went wrong: \(error)")
        }
        logger.warning(
            "\(call) refused: \(known.message)", metadata: ["component": "\(component.excerpt)"]
        )
        return known.rpc
    }
}

extension ModelState.Status {
    var wire: AWS_LookoutVision_ModelStatus {
        switch self {
        case .stopped: .stopped
        case .starting: .starting
        case .running: .running
        case .failed: .failed
        case .stopping: .stopping
        }
    }
}

extension SharedMemory {
    init(_ handle: AWS_LookoutVision_SharedMemoryHandle) throws(AgentError) {
        try self.init(name: handle.name, size: handle.size, offset: handle.offset)
    }

    var wire: AWS_LookoutVision_SharedMemoryHandle {
        var handle = AWS_LookoutVision_SharedMemoryHandle()
        handle.name = name
        handle.size = UInt64(size)
        handle.offset = UInt64(offset)
        return handle
    }
}
