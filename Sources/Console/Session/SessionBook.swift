import Access
import Base
import Crypto
import FoundationEssentials
import Service
import Storage

/// Signs people in and out, and knows who is signed in.
struct SessionBook: Sendable {
    static let cookieName = "spotter-session"

    let metadata: any MetadataStore
    let root: Credentials
    let arns: ARNs
    let now: @Sendable () -> Date

    /// Somebody whose cookie is good.
    struct Visitor: Sendable {
        let principal: Principal
        /// What forms must bring, so that no other site can send them.
        let formToken: String
        let session: SessionRecord

        var name: String { principal.userName ?? "root" }
    }

    // MARK: Signing in

    /// - Returns: the token of a new session; nil for a key that nobody has or a wrong secret.
    func signIn(accessKeyID: String, secret: String) async throws -> String? {
        let user = try await metadata.read { try $0.user(accessKeyID: accessKeyID) }
        let isRoot = accessKeyID == root.accessKeyID
        let isDisabled = user?.disabled != nil
        let expected =
            isRoot ? root.secretAccessKey : isDisabled ? nil : user?.secretAccessKey
        // A key that nobody has takes as long as a wrong secret.
        let isRight = Self.isSame(secret, expected ?? root.secretAccessKey)
        guard isRight, expected != nil else { return nil }
        return try await begin(isRoot ? nil : user?.name)
    }

    /// Uses up a link.
    ///
    /// - Returns: the token of a new session; nil for a link that is not good.
    func signIn(link token: String) async throws -> String? {
        let (id, time) = (Self.digest(token), now())
        let link = try await metadata.write { transaction -> SessionRecord? in
            guard let link = try transaction.session(id), link.kind == .link else { return nil }
            try transaction.removeSession(id)
            return link.expires > time ? link : nil
        }
        guard let link else { return nil }
        if let name = link.userName {
            let user = try await metadata.read { try $0.user(name) }
            guard let user, user.disabled == nil else { return nil }
        }
        return try await begin(link.userName)
    }

    private func begin(_ userName: String?) async throws -> String {
        try await Self.make(
            .session, userName, seconds: ConsoleLimits.sessionSeconds, in: metadata, now: now())
    }

    /// Makes a session or a link, and removes those that have expired.
    ///
    /// - Returns: its token, which is kept nowhere.
    static func make(
        _ kind: SessionRecord.Kind, _ userName: String?, seconds: TimeInterval,
        in metadata: any MetadataStore, now: Date
    ) async throws -> String {
        let token = Hex.encode(SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) })
        try await metadata.write { transaction in
            try transaction.removeSessions(expiredBefore: now)
            if try transaction.countSessions(of: userName) >= ConsoleLimits.sessionsPerUserMax {
                try transaction.removeSessions(of: userName)
            }
            try transaction.save(
                SessionRecord(
                    id: digest(token), kind: kind, userName: userName, created: now,
                    expires: now.addingTimeInterval(seconds)))
        }
        return token
    }

    // MARK: Being signed in

    /// Who sent a request.
    ///
    /// - Returns: nil for a cookie that is missing, wrong or too old, and for a user who is gone or
    ///   has got another key since.
    func visitor(_ request: ConsoleRequest) async throws -> Visitor? {
        guard let token = request.cookie(Self.cookieName), token.utf8.count == 64 else {
            return nil
        }
        let (id, time) = (Self.digest(token), now())
        let found = try await metadata.read { transaction -> (SessionRecord, UserRecord?)? in
            guard let session = try transaction.session(id), session.kind == .session else {
                return nil
            }
            return (session, try session.userName.flatMap { try transaction.user($0) })
        }
        guard var session = found?.0, session.expires > time,
            time.timeIntervalSince(session.seen) < ConsoleLimits.idleSeconds
        else { return nil }
        let user = found?.1
        if session.userName != nil {
            guard let user, user.disabled == nil, user.keyCreated <= session.created else {
                return nil
            }
        }
        // What pages ask for by themselves does not keep a session that nobody uses.
        if !request.isBackground, time.timeIntervalSince(session.seen) > ConsoleLimits.seenSeconds {
            session.seen = time
            try await metadata.write { [session] transaction in
                // Somebody may have signed out meanwhile.
                if try transaction.session(id) != nil { try transaction.save(session) }
            }
        }
        let caller =
            user.map { Caller.user($0, arns) } ?? .root(arns, accessKeyID: root.accessKeyID)
        return Visitor(
            principal: caller.principal,
            formToken: Self.formToken(token), session: session)
    }

    /// Whose a new session is; nil for a user who is gone already.
    func principal(of token: String) async throws -> Principal? {
        let id = Self.digest(token)
        let found = try await metadata.read { transaction -> (SessionRecord, UserRecord?)? in
            guard let session = try transaction.session(id) else { return nil }
            return (session, try session.userName.flatMap { try transaction.user($0) })
        }
        guard let (session, user) = found else { return nil }
        guard session.userName != nil else {
            return Caller.root(arns, accessKeyID: root.accessKeyID).principal
        }
        return user.map { Caller.user($0, arns).principal }
    }

    /// Ends one session, or all of its user's.
    func signOut(_ visitor: Visitor, everywhere: Bool) async throws {
        try await metadata.write { transaction in
            if everywhere {
                try transaction.removeSessions(of: visitor.session.userName)
            } else {
                try transaction.removeSession(visitor.session.id)
            }
        }
    }

    // MARK: Secrets

    /// Whether two texts are equal, in a time that depends on their lengths alone.
    static func isSame(_ left: String, _ right: String) -> Bool {
        let key = SymmetricKey(size: .bits256)
        let code = HMAC<SHA256>.authenticationCode(for: Data(left.utf8), using: key)
        return HMAC<SHA256>.isValidAuthenticationCode(
            code, authenticating: Data(right.utf8), using: key)
    }

    private static func digest(_ token: String) -> String { Checksum.sha256(Data(token.utf8)) }

    private static func formToken(_ token: String) -> String {
        Hex.encode(
            HMAC<SHA256>.authenticationCode(
                for: Data("form".utf8), using: SymmetricKey(data: Data(token.utf8))))
    }
}
