import Access
import Foundation
import FoundationNetworking
import Wire

/// Calls the API over HTTP with signed requests, as any client would.
struct DemoClient {
    let endpoint: String
    let signer: RequestSigner

    /// Calls an operation.
    ///
    /// - Parameters:
    ///   - labels: values for the labels of the operation's path.
    ///   - body: members of the JSON body.
    func call<Response: Decodable>(
        _ operation: Wire.Operation, _ labels: [String: String] = [:],
        _ body: [String: JSONValue]? = nil, returning: Response.Type = Response.self
    ) async throws -> Response {
        let bytes = try body.map { try JSONEncoder().encode(JSONValue.object($0)) } ?? Data()
        return try await send(
            operation, labels, bytes, contentType: body == nil ? nil : "application/json")
    }

    func detect(_ image: Data, project: String, version: String) async throws
        -> DetectAnomalyResult
    {
        let isPNG = image.starts(with: [0x89, 0x50])
        let response: DetectAnomaliesResponse = try await send(
            .detectAnomalies, ["projectName": project, "modelVersion": version], image,
            contentType: isPNG ? "image/png" : "image/jpeg")
        return response.detectAnomalyResult
    }

    private func send<Response: Decodable>(
        _ operation: Wire.Operation, _ labels: [String: String], _ body: Data, contentType: String?
    ) async throws -> Response {
        var path = operation.definition.path
        for (name, value) in labels {
            path = path.replacingOccurrences(
                of: "{\(name)}", with: CanonicalRequest.encode(value))
        }
        guard let url = URL(string: endpoint + path) else {
            throw DemoError("\(endpoint)\(path) is no address.")
        }
        var request = URLRequest(url: url)
        request.httpMethod = operation.definition.method
        if operation.definition.method == "POST" { request.httpBody = body }
        let host = "\(url.host ?? ""):\(url.port ?? 80)"
        let signable = SignableRequest(
            method: operation.definition.method, path: path, query: [],
            headers: [("Host", host)])
        for (name, value) in signer.headers(for: signable, payload: .bytes(body), now: Date()) {
            request.setValue(value, forHTTPHeaderField: name)
        }
        request.setValue(contentType, forHTTPHeaderField: "Content-Type")
        let (data, response) = try await URLSession.shared.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard (200..<300).contains(status) else {
            let message = (try? JSONValue(parsing: data))?.object?["Message"]?.string
            throw DemoError(
                "\(operation.rawValue) answered \(status): \(message ?? "without a message")")
        }
        return try WireCoding.decode(Response.self, from: data)
    }
}
