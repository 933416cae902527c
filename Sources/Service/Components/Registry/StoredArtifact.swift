import FoundationEssentials
import Storage

/// An artifact in the state bucket.
///
/// The object is read from its beginning in any case, so that the store's checksum covers what is
/// sent; devices take artifacts whole.
struct StoredArtifact: ArtifactReader {
    private struct Complete: Error {}

    let size: Int
    let state: StateBucket
    let key: String

    func read(_ range: Range<Int>, _ piece: (Data) async throws -> Void) async throws {
        var offset = 0
        do {
            try await state.objects.read(state.location(key), bytesMax: size) { bytes in
                let start = offset
                offset += bytes.count
                let part = range.clamped(to: start..<offset)
                if !part.isEmpty {
                    try await piece(bytes.dropFirst(part.lowerBound - start).prefix(part.count))
                }
                if offset >= range.upperBound, range.upperBound < size { throw Complete() }
            }
        } catch is Complete {}
        guard offset >= range.upperBound else {
            throw StorageError(
                .unavailable, "The artifact \(key) has \(offset) bytes in place of \(size).")
        }
    }
}
