package import Access
import FoundationEssentials
package import Storage

/// On whose behalf an operation runs.
package struct Caller: Sendable {
    /// The owner of the key that signed the call, with the policy that is asked.
    package var principal: Principal
    /// Address that the call came from; nil when it is not known.
    package var sourceAddress: String?
    /// Whether it came through TLS to this server. What a proxy says about its client's connection
    /// does not count: anybody can say it.
    package var isSecure: Bool

    /// Made by an endpoint once the signature is verified.
    package init(principal: Principal, sourceAddress: String?, isSecure: Bool = false) {
        self.principal = principal
        self.sourceAddress = sourceAddress
        self.isSecure = isSecure
    }

    /// What the caller wants to do to a resource, with all that its policy may ask about the call.
    package func request(_ actions: [String], on resource: String) -> AccessRequest {
        var request = AccessRequest(
            actions: actions, resource: resource, principal: principal,
            sourceAddress: sourceAddress)
        request.isSecure = isSecure
        return request
    }

    /// A user, who may do what the policy allows; nothing with one that cannot be read.
    package static func user(_ user: UserRecord, _ arns: ARNs) -> Caller {
        Caller(
            principal: Principal(
                arn: arns.user(user.name), accessKeyID: user.accessKeyID, userName: user.name,
                policy: try? PolicyDocument(parsing: Data(user.policy.utf8))),
            sourceAddress: nil)
    }

    /// The owner of the root key, who may do everything.
    package static func root(_ arns: ARNs, accessKeyID: String = "") -> Caller {
        Caller(
            principal: Principal(
                arn: arns.rootUser, accessKeyID: accessKeyID, userName: nil, policy: nil),
            sourceAddress: nil)
    }
}
