import Service
import Storage
import Wire
import WireAWS

/// The state bucket, which lies at the same S3 as those of users and which nobody reaches through
/// this server, whatever their policy allows.
struct ReservedBucket: Sendable {
    let name: String

    /// - Throws: `accessDenied` for a request that names it, and for keys that a server on the way
    ///   could take for another bucket's.
    func check(_ request: S3Request) throws(S3Error) {
        for location in [request.location, request.source].compactMap({ $0 }) {
            guard !UserObjects.isSame(location.bucket, name) else {
                throw S3Error(.accessDenied, "Access Denied")
            }
            guard !Self.climbs(location.key) else {
                throw S3Error(
                    .invalidArgument, "A key must not have '.' or '..' between its slashes.")
            }
        }
    }

    /// By bytes: a slash before a combining mark is not a character of its own.
    private static func climbs(_ key: String) -> Bool {
        key.utf8.split(separator: UInt8(ascii: "/")).contains { part in
            part.elementsEqual(".".utf8) || part.elementsEqual("..".utf8)
        }
    }
}
