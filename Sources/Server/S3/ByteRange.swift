import Wire
import WireAWS

/// A range of bytes as requests name it.
enum ByteRange {
    /// - Parameter header: the `Range` header.
    /// - Returns: nil for a header that is absent, in another unit, with more than one range, or
    ///   that cannot be read: those are answered with the whole, as RFC 9110 has it.
    /// - Throws: `invalidRange` for one that has no byte of the object.
    static func parse(_ header: String?, size: Int) throws(S3Error) -> Range<Int>? {
        guard let header, let sides = sides(header) else { return nil }
        let unsatisfiable = S3Error(
            .invalidRange, "The requested range is not satisfiable",
            details: ["ActualObjectSize": String(size), "RangeRequested": header])
        switch sides {
        case (.some(let first), .some(let last)) where first > last: return nil
        case (.some(let first), let last):
            guard first < size else { throw unsatisfiable }
            return first..<min(size - 1, last ?? size - 1) + 1
        case (nil, .some(let count)):
            guard count > 0, size > 0 else { throw unsatisfiable }
            return max(0, size - count)..<size
        case (nil, nil): return nil
        }
    }

    /// - Parameter header: `X-Amz-Copy-Source-Range`, which must name both ends, within the source.
    /// - Returns: all of it for no header.
    static func copied(_ header: String?, size: Int) throws(S3Error) -> Range<Int> {
        guard let header else { return 0..<size }
        guard case (.some(let first), .some(let last))? = sides(header), first <= last else {
            throw S3Error(
                .invalidArgument,
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
                    + "and last are the zero-based offsets of the first and last bytes to copy",
                details: ["ArgumentName": "x-amz-copy-source-range"])
        }
        guard last < size else {
            throw S3Error(
                .invalidRange, "The specified copy range is invalid for the source object size",
                details: ["ActualObjectSize": String(size), "RangeRequested": header])
        }
        return first..<last + 1
    }

    private static func sides(_ header: String) -> (Int?, Int?)? {
        guard header.hasPrefix("bytes=") else { return nil }
        let sides = header.dropFirst(6).split(
            separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard sides.count == 2, sides.allSatisfy({ $0.utf8.allSatisfy(digits.contains) }) else {
            return nil
        }
        // A number beyond all sizes is one all the same.
        let numbers = sides.map { $0.isEmpty ? nil : Int($0) ?? .max }
        return (numbers[0], numbers[1])
    }
}
