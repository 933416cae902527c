import Access
import Base
import Storage

/// The user in whose name a job looks at the pictures of a dataset.
package struct PictureReader: Sendable, Codable, Equatable {
    /// As `UserRecord.name`.
    package var user: String
    /// Address that the call came from; nil when it was not known.
    package var sourceAddress: String?
    /// Whether it came through TLS.
    package var isSecure: Bool

    /// - Returns: nil for the root key, which may read everything.
    init?(_ caller: Caller) {
        guard let name = caller.principal.userName else { return nil }
        user = name
        sourceAddress = caller.sourceAddress
        isSecure = caller.isSecure
    }
}

/// Which pictures a user may read through Spotter, by the policy of now: it may have changed since
/// the call that made the job.
struct PictureRights: Sendable {
    /// As `UserRecord.name`.
    let user: String
    private let caller: Caller

    /// - Returns: nil without a reader. A user who is gone may read nothing.
    init?(of reader: PictureReader?, _ context: ServiceContext) async throws {
        guard let reader else { return nil }
        user = reader.user
        let name = reader.user
        let record = try await context.metadata.read { try $0.user(name) }
        var caller =
            record.map { Caller.user($0, context.arns) }
            ?? Caller(
                principal: Principal(
                    arn: context.arns.user(name), accessKeyID: "", userName: name, policy: nil),
                sourceAddress: nil)
        caller.sourceAddress = reader.sourceAddress
        caller.isSecure = reader.isSecure
        self.caller = caller
    }

    func allowReading(_ object: ObjectLocation) -> Bool {
        var request = caller.request(
            ["s3:GetObject"], on: "arn:aws:s3:::\(object.bucket)/\(object.key)")
        request.isViaService = true
        return (try? caller.principal.check(request)) != nil
    }
}
