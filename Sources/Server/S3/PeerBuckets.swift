import Cloud
import FoundationEssentials
import Hummingbird
import Service
import Wire
import WireAWS

/// The list of buckets of another S3, without the one that is Spotter's own.
struct PeerBuckets: Codable {
    struct List: Codable {
        var Bucket: [S3Bucket]?
    }

    /// Some leave a name out.
    struct Owner: Codable {
        var ID: String?
        var DisplayName: String?
    }

    var Owner: Owner?
    var Buckets: List?
    var ContinuationToken: String?
    var Prefix: String?

    static func response(_ answer: CloudResponse, without hidden: String) async throws -> Response {
        let body = try await answer.collect(bytesMax: S3Limits.documentBytesMax)
        var document: PeerBuckets
        do throws(S3Error) {
            document = try S3XML.decode(PeerBuckets.self, from: body)
        } catch {
            // A list that cannot be read is not passed on as it is either.
            throw S3Error(
                .serviceUnavailable,
                "The list of buckets of the store behind this server cannot "
                    + "be read.")
        }
        document.Buckets?.Bucket?.removeAll { UserObjects.isSame($0.Name, hidden) }
        return try .xml(document, root: "ListAllMyBucketsResult")
    }
}
