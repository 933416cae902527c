import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Service
import Wire
import WireAWS

/// What does the operations of S3 once the caller is known and may do them.
protocol S3Backend: Sendable {
    /// - Parameter permissions: for DeleteObjects, whose keys are checked one by one; for all other
    ///   operations they have been checked.
    /// - Throws: `S3Error` or `StorageError`.
    func perform(
        _ request: S3Request, _ payload: S3Payload, _ permissions: S3Permissions
    ) async throws -> Response

    /// Stores the file of a browser's form, which the caller was found to be allowed.
    ///
    /// - Throws: `S3Error` or `StorageError`; then nothing is stored.
    func store(_ request: S3Request, _ form: inout S3Form) async throws -> Response

    /// Which pages of other origins may read a bucket.
    ///
    /// - Returns: nil for a bucket without rules, and for none.
    /// - Throws: anything when that cannot be found out.
    func crossOrigin(_ bucket: String) async throws -> CORSConfiguration?
}

/// Answers requests to S3: knows signatures, policies and errors; a backend does the rest.
struct S3Endpoint: ServiceEndpoint {
    let backend: any S3Backend
    let authenticator: Authenticator
    let region: String
    /// Owner of every bucket.
    let account: String
    /// nil where no bucket of the S3 is Spotter's own.
    var reserved: ReservedBucket?
    let pool: NIOThreadPool
    let now: @Sendable () -> Date

    func answer(_ request: Request, _ call: inout APICall) async throws -> Response {
        call.isDataEvent = true
        guard let query = PercentCoding.decodeQuery(call.query) else {
            throw S3Error(.invalidURI, "The query string is not percent-encoded UTF-8.")
        }
        let crossOrigin = S3CrossOrigin(backend: backend)
        let bucket = S3Request.bucket(request, path: call.path)
        if request.method == .options {
            return try await crossOrigin.preflight(request, bucket)
        }
        call.crossOrigin = await crossOrigin.fields(request, bucket)
        if Self.isForm(request) { return try await post(request, &call, bucket: bucket) }
        // Read before the signature is checked, so that the audit log names what was refused. What
        // is wrong with it is told only to those whose signature is right.
        let reading = Result { () throws(S3Error) in try S3Request(request, call, query: query) }
        if let parsed = try? reading.get() { call.describe(parsed) }
        let presented = try Presented(request, query, now: now())
        let claim = try await authenticator.claim(accessKeyID: presented.accessKeyID)
        call.claimed = claim.principal
        try S3Header.checkText(of: request.headers)
        guard
            let hash = request.headers[S3Header.contentHash] ?? presented.hashWithoutHeader
        else {
            throw S3Error(
                .invalidRequest,
                "Missing required header for this request: x-amz-content-sha256")
        }
        let signable = signable(request, call, query, presented)
        var signer: ChunkSigner?
        switch presented {
        case .version4(let authorization):
            signer =
                try authenticator.verify(
                    claim, signable, authorization, payloadHash: hash, now: now()
                ).chunkSigner
        case .legacy(let legacy):
            try legacy.verify(signable, credentials: claim.credentials, now: now())
        }
        call.isVerified = true
        let parsed = try reading.get()
        try checkOwner(parsed)
        let permissions = S3Permissions(caller: call.caller(claim.principal))
        try permissions.check(parsed)
        try reserved?.check(parsed)
        let payload = try S3Payload(
            request, parsed, hash: hash, signer: signer, pool: pool, onRead: call.wantBody)
        let response = try await backend.perform(parsed, payload, permissions)
        call.isBodyRead = true
        // Another server's answer, passed on.
        if response.status.code >= 400 {
            call.error = (
                "HTTP\(response.status.code)", "The store behind this server refused it."
            )
        }
        return decorated(response, call)
    }

    private func decorated(_ response: Response, _ call: APICall) -> Response {
        var response = response
        response.headers[S3Header.requestID] = call.requestID
        for field in call.crossOrigin { response.headers[field.name] = field.value }
        return response
    }

    /// A browser's form, which has its signature in its body.
    private func post(_ request: Request, _ call: inout APICall, bucket: String) async throws
        -> Response
    {
        call.wantBody?()
        var form = try await S3Form(request, bucket: bucket)
        let reading = Result { () throws(S3Error) in
            try S3Request(form, bucket: bucket, call)
        }
        if let parsed = try? reading.get() { call.describe(parsed) }
        let signature: FormSignature
        do throws(AccessError) {
            signature = try FormSignature(form.fields)
        } catch {
            guard error.code == .incompleteSignature else { throw error }
            throw S3Error(.invalidArgument, error.message)
        }
        let claim = try await authenticator.claim(accessKeyID: signature.accessKeyID)
        call.claimed = claim.principal
        try signature.verify(credentials: claim.credentials, region: region)
        call.isVerified = true
        let parsed = try reading.get()
        try form.check(now: now())
        try S3Permissions(caller: call.caller(claim.principal)).check(parsed)
        try reserved?.check(parsed)
        let response = try await backend.store(parsed, &form)
        call.isBodyRead = true
        return decorated(response, call)
    }

    func failure(_ error: any Error, _ call: APICall) -> EndpointFailure {
        let error = S3ErrorTranslation.s3Error(for: error, region: region)
        var response = Response(status: .init(code: error.code.httpStatus))
        response.headers[S3Header.requestID] = call.requestID
        for field in call.crossOrigin { response.headers[field.name] = field.value }
        if let region = error.details["Region"] { response.headers[S3Header.region] = region }
        if call.method != .head {
            var members = error.details
            members["Code"] = error.code.rawValue
            members["Message"] = error.message
            members["Resource"] = call.path
            members["RequestId"] = call.requestID
            let body = try? S3XML.encode(members, root: "Error", namespace: nil)
            response.headers[.contentType] = "application/xml"
            response.body = .init(byteBuffer: ByteBuffer(bytes: body ?? Data()))
        }
        return EndpointFailure(
            response: response, code: error.code.rawValue, message: error.message,
            isInternal: error.code == .internalError || error.code == .serviceUnavailable)
    }

    /// The signature that a request presents.
    private enum Presented {
        case version4(Authorization)
        case legacy(LegacyQuery)

        init(_ request: Request, _ query: [(name: String, value: String)], now: Date) throws {
            if let header = request.headers[.authorization] {
                try Self.check(scheme: header, request, now)
                self = .version4(try Authorization(header: header))
            } else if let legacy = LegacyQuery(query: query) {
                self = .legacy(legacy)
            } else {
                self = .version4(try Self.authorization(query))
            }
        }

        /// - Throws: `accessDenied` for nothing and for Version 2, `requestTimeTooSkewed` for
        ///   Version 2 with another time, `invalidArgument` for what is not a signature.
        private static func check(scheme header: String, _ request: Request, _ now: Date)
            throws(S3Error)
        {
            if header.hasPrefix(CanonicalRequest.algorithm + " ") { return }
            if header.isEmpty { throw S3Error(.accessDenied, "Access Denied") }
            guard header.hasPrefix("AWS "), header.contains(":") else {
                throw S3Error(
                    .invalidArgument, "Unsupported Authorization Type",
                    details: ["ArgumentName": "Authorization"])
            }
            // Of all signatures the time is looked at first.
            let sent = request.headers[S3Header.date] ?? request.headers[HeaderName.name("date")]
            if let date = sent.flatMap(HTTPDate.parse), date.timeIntervalSince1970 > 0,
                abs(date.timeIntervalSince(now)) > SignatureVerifier.objectSkewSecondsMax
            {
                throw S3Error(
                    .requestTimeTooSkewed,
                    "The difference between the request time and the current time is too "
                        + "large.")
            }
            throw S3Error(
                .accessDenied,
                "Access Denied. The Authorization header has a signature of Version 2, "
                    + "which is not accepted. Please use AWS4-HMAC-SHA256.")
        }

        private static func authorization(_ query: [(name: String, value: String)]) throws
            -> Authorization
        {
            do {
                return try Authorization(query: query)
            } catch {
                guard error.code == .incompleteSignature else { throw error }
                throw S3Error(.authorizationQueryParametersError, error.message)
            }
        }

        var accessKeyID: String {
            switch self {
            case .version4(let authorization): authorization.accessKeyID
            case .legacy(let legacy): legacy.accessKeyID
            }
        }

        /// A presigned URL covers no payload.
        var hashWithoutHeader: String? {
            switch self {
            case .version4(let authorization) where authorization.expiresSeconds == nil: nil
            case .version4, .legacy: SignatureVerifier.unsignedPayload
            }
        }
    }

    /// Whether it is the form of a browser. One with an Authorization header is another request.
    private static func isForm(_ request: Request) -> Bool {
        let type = request.headers[.contentType]?.lowercased() ?? ""
        return request.method == .post && type.hasPrefix("multipart/form-data")
            && request.headers[.authorization] == nil
    }

    /// - Throws: `accessDenied` for a bucket that the caller expects to be somebody else's.
    private func checkOwner(_ request: S3Request) throws(S3Error) {
        for name in ["x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"] {
            guard let expected = request.header(name), expected != account else { continue }
            throw S3Error(.accessDenied, "Access Denied")
        }
    }

    private func signable(
        _ request: Request, _ call: APICall, _ query: [(name: String, value: String)],
        _ presented: Presented
    ) -> SignableRequest {
        var signable = call.signable(request, query: query)
        if case .legacy = presented, let bucket = S3Request.hostedBucket(request.head.authority) {
            signable.path = "/\(bucket)\(call.path)"
        }
        return signable
    }
}

extension APICall {
    /// What the audit log and the metrics tell of a request to S3.
    fileprivate mutating func describe(_ request: S3Request) {
        let operation = request.operation
        self.operation = operation.rawValue
        isReadOnly = operation.isReadOnly
        isDataEvent = operation.definition.target == .object || operation == .deleteObjects
        input = request.auditInput
    }
}

extension Response {
    /// A document of S3.
    static func xml(
        _ document: some Encodable, root: String, namespace: String? = S3XML.namespace
    ) throws -> Response {
        let bytes = try S3XML.encode(document, root: root, namespace: namespace)
        return Response(
            status: .ok, headers: [.contentType: "application/xml"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
