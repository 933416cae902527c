import Access
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Storage
import Wire
import WireAWS

/// The form of a browser that uploads a file: its fields are read before anything is decided, its
/// file while it is stored.
struct S3Form {
    /// By lower-case name, with the bucket, and the key as it will be.
    private(set) var fields: [String: String]
    private var decoder: FormDecoder
    private var iterator: RequestBody.AsyncIterator
    private var waiting: [FormDecoder.Event] = []
    private var count = 0
    /// What the policy allows; S3's own bound without one.
    private var sizes = 0...S3Limits.putBytesMax

    /// Reads up to the file.
    ///
    /// - Throws: `malformedForm`, `formTooLarge`, `invalidArgument` for a form without file or key,
    ///   `accessDenied` for one that names another bucket than its address.
    init(_ request: Request, bucket: String) async throws(S3Error) {
        guard let decoder = FormDecoder(contentType: request.headers[.contentType] ?? "") else {
            throw S3Error(
                .malformedForm, "The Content-Type of a form needs a boundary of 1 to 70 characters."
            )
        }
        self.decoder = decoder
        iterator = request.body.makeAsyncIterator()
        fields = [:]
        var file: String?
        while file == nil {
            guard let event = try await nextEvent() else {
                throw S3Error(
                    .invalidArgument, "POST requires exactly one file upload per request.",
                    details: ["ArgumentName": "file"])
            }
            switch event {
            case .field(let name, let value):
                guard fields.updateValue(value, forKey: name.lowercased()) == nil else {
                    throw S3Error(
                        .invalidArgument,
                        "The field '\(name.prefix(80))' must be in the form once.")
                }
            case .file(let name): file = name
            case .bytes, .end: break
            }
        }
        guard fields.updateValue(bucket, forKey: "bucket") ?? bucket == bucket else {
            throw S3Error(
                .accessDenied, "The field 'bucket' must be the bucket of the form's address.")
        }
        guard let key = fields["key"] else {
            throw S3Error(
                .invalidArgument,
                "Bucket POST must contain a field named 'key'. If it is specified, please check "
                    + "the order of the fields: the file is the last one.",
                details: ["ArgumentName": "key"])
        }
        fields["key"] = key.replacing("${filename}", with: file ?? "")
    }

    /// - Throws: `accessDenied` for a form that its policy does not allow,
    ///   `invalidPolicyDocument`.
    mutating func check(now: Date) throws(S3Error) {
        do throws(FormPolicy.Failure) {
            let policy = try FormPolicy(base64: fields["policy"] ?? "")
            try policy.check(fields, now: now)
            if let sizes = policy.sizes { self.sizes = sizes }
        } catch {
            throw S3Error(
                error.code == .malformed ? .invalidPolicyDocument : .accessDenied, error.message)
        }
    }

    /// The next bytes of the file; nil at its end, when all of the body has been read.
    ///
    /// - Throws: `entityTooLarge`, `entityTooSmall` beyond what the policy allows,
    ///   `incompleteBody`, `malformedForm`.
    mutating func next() async throws(S3Error) -> Data? {
        while let event = try await nextEvent() {
            guard case .bytes(let bytes) = event else { continue }
            count += bytes.count
            guard count <= min(sizes.upperBound, S3Limits.putBytesMax) else {
                throw S3Error(
                    .entityTooLarge, "Your proposed upload exceeds the maximum allowed size",
                    details: [
                        "ProposedSize": String(count), "MaxSizeAllowed": String(sizes.upperBound),
                    ])
            }
            return bytes
        }
        guard count >= sizes.lowerBound else {
            throw S3Error(
                .entityTooSmall, "Your proposed upload is smaller than the minimum allowed size",
                details: [
                    "ProposedSize": String(count), "MinSizeAllowed": String(sizes.lowerBound),
                ])
        }
        return nil
    }

    private mutating func nextEvent() async throws(S3Error) -> FormDecoder.Event? {
        while waiting.isEmpty {
            let buffer: ByteBuffer?
            do {
                buffer = try await iterator.next()
            } catch {
                throw S3Error.cutShort
            }
            do throws(FormDecoder.Failure) {
                guard let buffer else {
                    try decoder.finish()
                    return nil
                }
                waiting = try decoder.decode(Data(buffer.readableBytesView)).reversed()
            } catch {
                throw S3Error(error.isTooLarge ? .formTooLarge : .malformedForm, error.message)
            }
        }
        return waiting.removeLast()
    }

    // MARK: The request that it is

    /// What a put with the same wishes would have as headers.
    ///
    /// - Throws: `malformedXML`, `invalidTag` for the field `tagging`.
    func headers() throws(S3Error) -> HTTPFields {
        var headers = HTTPFields()
        for (name, value) in fields {
            let isKept = S3Header.kept.contains(name)
            let isSigning = S3Request.signatureParameters.contains(name)
            guard isKept || name.hasPrefix("x-amz-") && !isSigning else { continue }
            headers[named: name] = value
        }
        if let acl = fields["acl"] { headers[named: "x-amz-acl"] = acl }
        if let tags = fields["tagging"] {
            headers[named: S3Header.tagging] = try S3Tags.header(ofForm: tags)
        }
        return headers
    }

    /// The answer to a form whose file is stored.
    ///
    /// - Parameter etag: in quotation marks.
    func answer(_ request: S3Request, etag: String) throws -> Response {
        let redirect = fields["success_action_redirect"] ?? fields["redirect"]
        if let redirect, let location = Self.location(redirect, request, etag) {
            return Response(status: .seeOther, headers: [.location: location, .eTag: etag])
        }
        let place = "/\(request.bucket)/\(CanonicalRequest.encode(request.key, isPath: true))"
        var response: Response
        switch fields["success_action_status"] {
        case "200": response = Response(status: .ok)
        case "201":
            response = try .xml(
                PostResponse(
                    Location: place, Bucket: request.bucket, Key: request.key, ETag: etag),
                root: "PostResponse", namespace: nil)
            response.status = .created
        default: response = Response(status: .noContent)
        }
        response.headers[.eTag] = etag
        response.headers[.location] = place
        return response
    }

    /// The page that the browser goes to next; nil for what is not an address of the web, which
    /// is then not used at all.
    private static func location(_ redirect: String, _ request: S3Request, _ etag: String)
        -> String?
    {
        let lower = redirect.lowercased()
        guard lower.hasPrefix("http://") || lower.hasPrefix("https://"),
            redirect.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        let query = [("bucket", request.bucket), ("key", request.key), ("etag", etag)]
            .map { "\($0)=\(CanonicalRequest.encode($1))" }.joined(separator: "&")
        return redirect + (redirect.contains("?") ? "&" : "?") + query
    }
}
