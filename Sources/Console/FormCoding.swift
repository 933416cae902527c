import Access
import FoundationEssentials
import Wire

/// `application/x-www-form-urlencoded`, as browsers send forms.
enum FormCoding {
    /// - Returns: nil for what is not percent-encoded UTF-8.
    static func decode(_ text: String) -> [(name: String, value: String)]? {
        PercentCoding.decodeQuery(text.replacing("+", with: "%20"))
    }

    /// One part of a path.
    static func segment(_ text: String) -> String { CanonicalRequest.encode(text, isPath: false) }
}
