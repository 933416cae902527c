import FoundationEssentials
import NIOPosix
import Synchronization
import Vision

/// Small pictures of images, made once and kept in memory up to a bound.
final class Thumbnails: Sendable {
    private struct Cache {
        var pictures: [String: Data] = [:]
        /// The oldest comes first.
        var order: [String] = []
        var bytes = 0
    }

    private static let quality = 82

    private let cache = Mutex(Cache())
    private let pool: NIOThreadPool

    init(pool: NIOThreadPool) { self.pool = pool }

    /// A JPEG whose longer side has `ConsoleLimits.thumbnailPixels`.
    ///
    /// - Parameters:
    ///   - name: what is kept under; it changes with the image's bytes.
    ///   - bytes: of the image, asked for when the picture is not kept.
    /// - Throws: what `bytes` throws; `VisionError` for what is not an image.
    func picture(
        _ name: String, limits: ImageLimits, _ bytes: () async throws -> Data
    ) async throws -> Data {
        if let kept = cache.withLock({ $0.pictures[name] }) { return kept }
        let image = try await bytes()
        let picture = try await pool.runIfActive {
            let whole = try ImageDecoder.decode(
                image, name: "", limits: limits, sampleBits: nil)
            let longer = max(whole.width, whole.height)
            let scale = min(1, Double(ConsoleLimits.thumbnailPixels) / Double(longer))
            let small = Resize.resize(
                whole, width: max(1, Int(Double(whole.width) * scale)),
                height: max(1, Int(Double(whole.height) * scale)))
            return try JPEG.encode(small, quality: Self.quality)
        }
        keep(picture, name)
        return picture
    }

    private func keep(_ picture: Data, _ name: String) {
        cache.withLock { cache in
            guard cache.pictures[name] == nil else { return }
            cache.pictures[name] = picture
            cache.order.append(name)
            cache.bytes += picture.count
            while cache.bytes > ConsoleLimits.thumbnailCacheBytes, !cache.order.isEmpty {
                let oldest = cache.order.removeFirst()
                cache.bytes -= cache.pictures.removeValue(forKey: oldest)?.count ?? 0
            }
        }
    }
}
