import Access
import HTTPTypes
import Hummingbird
import Wire

/// What must hold of every request before anything is read from it: a name that is there twice
/// would be judged by its first value here and taken by its last one elsewhere.
enum RequestForm {
    /// Parameters that are lists: an operation's shape says so.
    private static let repeatable: Set<String> = ["tagkeys"]
    /// Fields with one value, beside those that begin with `x-amz-`. HTTP's parser refuses a
    /// doubled Content-Length. A first Host is not among the fields.
    private static let single: Set<String> = [
        "authorization", "content-md5", "content-range", "content-type", "date", "expires",
        "host", "origin", "range", "transfer-encoding",
        "access-control-request-headers", "access-control-request-method",
    ]

    /// - Throws: `ambiguousRequest` that names the parameter, the header or the coding.
    static func check(_ request: Request, _ call: APICall) throws(AccessError) {
        var fields: Set<String> = []
        for field in request.headers {
            let name = field.name.canonicalName
            let isSingle =
                single.contains(name)
                || name.hasPrefix("x-amz-") && !name.hasPrefix("x-amz-meta-")
            guard isSingle else { continue }
            guard fields.insert(name).inserted, name != "host" else {
                throw AccessError(
                    .ambiguousRequest, "The header '\(name)' must be there once.")
            }
        }
        if let coding = request.headers[.transferEncoding], coding.lowercased() != "chunked" {
            throw AccessError(
                .ambiguousRequest,
                "Transfer-Encoding must be chunked, not '\(coding.prefix(40))'.")
        }
        // What cannot be decoded is refused by the service that it is for.
        var names: Set<String> = []
        for (name, _) in PercentCoding.decodeQuery(call.query) ?? [] {
            let lower = name.lowercased()
            guard repeatable.contains(lower) || names.insert(lower).inserted else {
                throw AccessError(
                    .ambiguousRequest,
                    "The parameter '\(name.prefix(80))' must be in the query once.")
            }
        }
    }
}
