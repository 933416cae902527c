import FoundationEssentials
import HTTPTypes
import Wire

/// What came back.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPFields
    let body: Data

    var text: String { String(decoding: body, as: UTF8.self) }

    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }

    /// Status and error code of one of the JSON services, as `404 ResourceNotFoundException`.
    var failure: String { "\(status) \(header("x-amzn-errortype") ?? "none")" }

    /// Status and error code of S3 or STS, as `404 NoSuchKey`.
    var xmlFailure: String { "\(status) \(element("Code") ?? "none")" }

    /// The JSON services' word about an error.
    var message: String { json["Message"].string ?? json["message"].string ?? "" }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    /// The content of the first element of this name, in a document without attributes there.
    func element(_ name: String) -> String? { elements(name).first }

    /// The contents of all elements of this name, in their order.
    func elements(_ name: String) -> [String] {
        text.split(separator: "<\(name)>", omittingEmptySubsequences: false).dropFirst().map {
            let content =
                $0.split(
                    separator: "</\(name)>", maxSplits: 1, omittingEmptySubsequences: false
                ).first ?? ""
            return String(content)
        }
    }
}

extension JSONValue {
    /// A member; null where there is none.
    subscript(_ name: String) -> JSONValue { object?[name] ?? .null }

    /// The items of a list; none for anything else.
    var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }

    var integer: Int? { if case .integer(let value) = self { value } else { nil } }
}
