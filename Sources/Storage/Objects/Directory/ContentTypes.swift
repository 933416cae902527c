/// What a file without a record is said to be.
enum ContentTypes {
    /// Headers of an object of which nothing is known but its key.
    static func headers(ofKey key: String) -> [String: String] {
        ["content-type": type(ofKey: key)]
    }

    private static func type(ofKey key: String) -> String {
        guard let dot = key.utf8.lastIndex(of: UInt8(ascii: ".")) else { return unknown }
        switch String(key[dot...]).lowercased() {
        case ".png": return "image/png"
        case ".jpg", ".jpeg": return "image/jpeg"
        case ".json": return "application/json"
        default: return unknown
        }
    }

    /// What S3 says when nobody said more.
    private static let unknown = "binary/octet-stream"
}
