/// What somebody wants to do to one resource, with all that conditions may ask about.
package struct AccessRequest: Sendable {
    /// Like `lookoutvision:CreateModel`; more names of one permission may be given.
    package var actions: [String]
    /// ARN that the statements' `Resource` patterns are matched against, with case.
    package var resource: String
    /// The caller, whose policy decides.
    package var principal: Principal
    /// Address of the caller; nil when it is not known.
    package var sourceAddress: String?
    /// Tags that the resource has.
    package var resourceTags: [String: String]
    /// Tags that the request would give; nil when it gives none.
    package var requestTags: [String: String]?
    /// Keys of tags that the request names, also to remove them.
    package var tagKeys: [String]?
    /// Whether a service does it for its caller, like reading the images of a training. False for
    /// what callers do themselves.
    package var isViaService = false
    /// Whether the call came through TLS to this server.
    package var isSecure = false
    /// What only one service has, like `s3:prefix`; keys in lower case.
    package var serviceValues: [String: String] = [:]

    /// `serviceValues` begins empty; endpoints add what their service knows.
    package init(
        actions: [String], resource: String, principal: Principal, sourceAddress: String? = nil,
        resourceTags: [String: String] = [:], requestTags: [String: String]? = nil,
        tagKeys: [String]? = nil
    ) {
        self.actions = actions
        self.resource = resource
        self.principal = principal
        self.sourceAddress = sourceAddress
        self.resourceTags = resourceTags
        self.requestTags = requestTags
        self.tagKeys = tagKeys
    }

    /// - Parameter key: as `PolicyCondition.normalized` makes it.
    /// - Returns: nil when the request has nothing under this key.
    func values(of key: String) -> [String]? {
        switch key {
        case "aws:sourceip": return sourceAddress.map { [$0] }
        case "aws:tagkeys": return tagKeys
        case "aws:username": return principal.userName.map { [$0] }
        case "aws:principalarn": return [principal.arn]
        case "aws:securetransport": return [isSecure ? "true" : "false"]
        case "aws:viaawsservice": return [isViaService ? "true" : "false"]
        default: break
        }
        if let value = serviceValues[key] { return [value] }
        let sides = key.split(separator: "/", maxSplits: 1).map(String.init)
        guard sides.count == 2 else { return nil }
        let tags = sides[0] == "aws:resourcetag" ? resourceTags : requestTags ?? [:]
        let values = tags.filter { $0.key.lowercased() == sides[1] }.map(\.value).sorted()
        return values.isEmpty ? nil : values
    }
}

/// Who calls.
package struct Principal: Sendable, Equatable {
    /// As `ARNs.user` or `ARNs.rootUser` makes it; the value of `aws:PrincipalArn`.
    package let arn: String
    /// The key that signed the request, for the audit log; policies do not see it.
    package let accessKeyID: String
    /// nil for the root key.
    package let userName: String?
    /// nil for the root key, and for a user whose policy cannot be read.
    package let policy: PolicyDocument?

    /// A principal without a name and without a policy is the root key: see `isRoot`.
    package init(arn: String, accessKeyID: String, userName: String?, policy: PolicyDocument?) {
        self.arn = arn
        self.accessKeyID = accessKeyID
        self.userName = userName
        self.policy = policy
    }

    /// The root key may do everything.
    package var isRoot: Bool { userName == nil && policy == nil }

    /// A statement that denies wins over all that allow; what nothing allows is denied.
    ///
    /// - Throws: `accessDenied` that says who may not do what to which resource.
    package func check(_ request: AccessRequest) throws(AccessError) {
        if isRoot { return }
        let matching = (policy?.statements ?? []).filter { $0.applies(to: request) }
        let isDenied = matching.contains { $0.effect == .deny }
        guard isDenied || matching.isEmpty else { return }
        let reason =
            isDenied
            ? "with an explicit deny in an identity-based policy"
            : "because no identity-based policy allows the \(request.actions[0]) action"
        throw AccessError(
            .accessDenied,
            "User: \(arn) is not authorized to perform: \(request.actions[0]) on resource: "
                + "\(request.resource) \(reason)")
    }
}

extension PolicyDocument.Statement {
    func applies(to request: AccessRequest) -> Bool {
        // Actions are compared without case, resources with it, as IAM does.
        let action = request.actions.contains { action in
            actions.patterns.contains { Wildcard.matches(action.lowercased(), $0.lowercased()) }
        }
        let resource = resources.patterns.contains { Wildcard.matches(request.resource, $0) }
        return action != actions.isNegated && resource != resources.isNegated
            && conditions.allSatisfy { $0.holds(for: request) }
    }
}
