import FoundationEssentials
import Storage
import Wire
import WireAWS

/// The conditional headers of a read or a copy, in the order of precedence of RFC 9110, 13.2.2.
struct S3Conditions: Sendable {
    private let match: String?
    private let noneMatch: String?
    private let modifiedSince: Date?
    private let unmodifiedSince: Date?

    /// - Parameter prefix: `x-amz-copy-source-` for those about the source of a copy.
    init(_ request: S3Request, prefix: String = "") {
        match = request.header("\(prefix)if-match")
        noneMatch = request.header("\(prefix)if-none-match")
        // A date that cannot be read is ignored, as the RFC has it.
        modifiedSince = request.header("\(prefix)if-modified-since").flatMap(HTTPDate.parse)
        unmodifiedSince = request.header("\(prefix)if-unmodified-since").flatMap(HTTPDate.parse)
    }

    enum Verdict: Sendable {
        case proceed
        /// The client of a read has the object already.
        case notModified
        case failed
    }

    func verdict(_ object: StoredObject) -> Verdict {
        let modified = object.modified.timeIntervalSince1970.rounded(.down)
        if let match {
            guard Self.matches(match, object) else { return .failed }
        } else if let unmodifiedSince, modified > unmodifiedSince.timeIntervalSince1970 {
            return .failed
        }
        if let noneMatch {
            if Self.matches(noneMatch, object) { return .notModified }
        } else if let modifiedSince, modified <= modifiedSince.timeIntervalSince1970 {
            return .notModified
        }
        return .proceed
    }

    /// - Throws: `preconditionFailed`, also where a read would say that nothing has changed.
    func checkForCopy(_ object: StoredObject) throws(S3Error) {
        switch verdict(object) {
        case .proceed: return
        case .notModified, .failed: throw Self.failure
        }
    }

    static let failure = S3Error(
        .preconditionFailed, "At least one of the pre-conditions you specified did not hold")

    private static func matches(_ list: String, _ object: StoredObject) -> Bool {
        list.split(separator: ",").contains { entry in
            let tag = entry.filter { $0 != " " && $0 != "\"" }
            return tag == "*" || tag == object.attributes.etag
                || tag == "W/\(object.attributes.etag)"
        }
    }
}
