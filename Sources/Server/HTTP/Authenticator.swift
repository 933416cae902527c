import Access
import FoundationEssentials
import Service
import Storage

/// Tells who sent a request: the root key or a user.
struct Authenticator: Sendable {
    let root: Credentials
    /// Of which signatures must be.
    var region: String
    let services: Set<String>
    let arns: ARNs
    let metadata: any MetadataStore
    /// Where bodies wait for their signature to be verified.
    let bodies: UnverifiedBodies

    /// A known key whose signature is still to be verified.
    struct Claim {
        let credentials: Credentials
        let principal: Principal
    }

    /// Looks up the key of a request, before its body is read.
    ///
    /// - Parameter authorization: the header's value.
    func claim(_ authorization: String?) async throws -> Claim {
        guard let authorization else {
            throw AccessError(
                .missingAuthenticationToken,
                "The request has no Authorization header. Sign it with Signature Version 4, as AWS's "
                    + "SDKs do once they have a key.")
        }
        return try await claim(accessKeyID: Authorization(header: authorization).accessKeyID)
    }

    /// - Throws: `unrecognizedClient` for a key that nobody has.
    func claim(accessKeyID id: String) async throws -> Claim {
        if id == root.accessKeyID {
            return Claim(
                credentials: root, principal: Caller.root(arns, accessKeyID: id).principal)
        }
        guard let user = try await metadata.read({ try $0.user(accessKeyID: id) }),
            user.disabled == nil
        else {
            throw AccessError(
                .unrecognizedClient,
                "The security token included in the request is invalid: nobody here has the access "
                    + "key '\(id.prefix(40))'. 'spotter user list' names those that are known.")
        }
        return Claim(
            credentials: Credentials(
                accessKeyID: user.accessKeyID, secretAccessKey: user.secretAccessKey),
            principal: Caller.user(user, arns).principal)
    }

    /// Of a request that the server signed itself for somebody.
    ///
    /// - Parameters:
    ///   - userName: nil for the root key's owner.
    ///   - key: the server's own.
    /// - Throws: `unrecognizedClient` for a user that is no longer there.
    func claim(userName: String?, signedWith key: Credentials) async throws -> Claim {
        guard let userName else {
            let root = Caller.root(arns, accessKeyID: root.accessKeyID)
            return Claim(credentials: key, principal: root.principal)
        }
        guard let user = try await metadata.read({ try $0.user(userName) }), user.disabled == nil
        else {
            throw AccessError(
                .unrecognizedClient,
                "The user '\(userName.prefix(64))', for whom this URL was made, is not there "
                    + "any more or is disabled.")
        }
        return Claim(credentials: key, principal: Caller.user(user, arns).principal)
    }

    /// - Throws: `AccessError` telling what is wrong with the signature.
    func verify(_ claim: Claim, _ request: SignableRequest, body: Data, now: Date)
        throws(AccessError)
    {
        try verifier(claim).verify(request, body: body, now: now)
    }

    /// For a request whose payload is still to come.
    func verify(
        _ claim: Claim, _ request: SignableRequest, _ authorization: Authorization,
        payloadHash: String, now: Date
    ) throws(AccessError) -> VerifiedSignature {
        try verifier(claim).verify(request, authorization, payloadHash: payloadHash, now: now)
    }

    private func verifier(_ claim: Claim) -> SignatureVerifier {
        SignatureVerifier(
            region: region, services: services,
            key: { $0 == claim.credentials.accessKeyID ? claim.credentials : nil })
    }
}
