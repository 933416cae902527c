import WireAWS

/// What a bucket that S3 makes may be called: Amazon's rules, narrower than those for buckets that
/// are there already, which people may have made as folders.
enum NewBucketName {
    /// For messages.
    static let rule =
        "The specified bucket is not valid: a name has 3 to 63 lower-case letters, digits, '.' and "
        + "'-', begins and ends with a letter or a digit, has no '.' beside another '.' or a '-', "
        + "and is not an IP address."

    static func isSound(_ name: String) -> Bool {
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let areSound = labels.allSatisfy { label in
            label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
                && label.first.map(isLetterOrDigit) ?? false
                && label.last.map(isLetterOrDigit) ?? false
        }
        let isAddress = labels.count == 4 && labels.allSatisfy { $0.allSatisfy(isDigit) }
        return areSound && !isAddress && (3...63).contains(name.utf8.count)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}

/// Where a new bucket may be wanted.
enum LocationRule {
    /// The region that Amazon's documents leave out.
    static let firstRegion = "us-east-1"

    /// - Parameter wanted: of the document of CreateBucket; nil or empty for the server's own.
    /// - Throws: `invalidLocationConstraint` for what is not the name of a region,
    ///   `illegalLocationConstraint` for another one than the server's.
    static func check(_ wanted: String?, region: String) throws(S3Error) {
        guard let wanted, !wanted.isEmpty, wanted != region else { return }
        let isName = wanted.split(separator: "-").count >= 3 || wanted == "EU"
        throw S3Error(
            isName ? .illegalLocationConstraint : .invalidLocationConstraint,
            isName
                ? "The \(wanted.prefix(40)) location constraint is incompatible for the region "
                    + "specific endpoint this request was sent to."
                : "The specified location-constraint is not valid",
            details: ["LocationConstraint": String(wanted.prefix(40))])
    }
}
