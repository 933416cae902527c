import Hummingbird
import WireAWS

/// The access control lists that a bucket or an object can be given: those that say what holds
/// anyway, that its owner may do everything and nobody else anything.
enum AccessLists {
    /// Of the lists with a name, those that give nobody else a right.
    private static let withoutMeaning: Set<String> = [
        "private", "bucket-owner-full-control", "bucket-owner-read",
    ]
    /// Those that Amazon's new buckets refuse as well: they block public access.
    private static let open: Set<String> = [
        "public-read", "public-read-write", "authenticated-read",
    ]
    private static let others: Set<String> = ["aws-exec-read", "log-delivery-write"]

    /// - Parameter name: the header `x-amz-acl`.
    /// - Throws: `accessDenied` for a list that would give everybody rights, `notImplemented` for
    ///   one that would give some to services of AWS, `invalidArgument` for what is not the name of
    ///   one.
    static func check(canned name: String) throws(S3Error) {
        if withoutMeaning.contains(name) { return }
        guard !open.contains(name) else {
            throw S3Error(
                .accessDenied,
                "Public access control lists are prevented by BlockPublicAcls, which every bucket "
                    + "has here: x-amz-acl: \(name). Rights are in the policies of 'spotter user'.")
        }
        guard others.contains(name) else {
            throw S3Error(
                .invalidArgument, "x-amz-acl is not the name of an access control list.",
                details: ["ArgumentName": "x-amz-acl", "ArgumentValue": String(name.prefix(40))])
        }
        throw S3Error(
            .notImplemented,
            "A header you provided implies functionality that is not implemented: x-amz-acl: "
                + "\(name). Rights are in the policies of 'spotter user'; private and "
                + "bucket-owner-full-control say what holds here anyway.")
    }

    /// PutBucketAcl and PutObjectAcl.
    static func answer(_ request: S3Request, _ payload: S3Payload, owner: S3Owner) async throws
        -> Response
    {
        if request.header("x-amz-acl") == nil, try payload.lengthOnTheWay() > 0 {
            let list = try await payload.document(
                AccessControlList.self, root: "AccessControlPolicy", elementsMax: 1_000)
            let grants = list.AccessControlList?.Grant ?? []
            guard
                grants.allSatisfy({
                    $0.Grantee?.ID == owner.ID && $0.Permission == "FULL_CONTROL"
                }), grants.count == 1
            else {
                throw S3Error(
                    .notImplemented,
                    "An access control list can only give its owner FULL_CONTROL. Rights are in "
                        + "the policies of 'spotter user'.")
            }
        }
        return Response(status: .ok)
    }
}
