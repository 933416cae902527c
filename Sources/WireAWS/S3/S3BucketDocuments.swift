package import XMLCoder

// What a bucket or an object is configured to be. Members are named as the elements are.

/// The answer of GetBucketEncryption.
package struct BucketEncryption: Codable, Sendable {
    /// One rule: every object of a bucket is treated alike.
    package struct Rule: Codable, Sendable {
        /// The algorithm of a put that names none.
        package struct Default: Codable, Sendable {
            /// `AES256`.
            package var SSEAlgorithm = "AES256"
        }
        package var ApplyServerSideEncryptionByDefault = Default()
        /// There are no keys of KMS here.
        package var BucketKeyEnabled = false
    }
    package var Rule = Rule()

    package init() {}
}

/// The answer of GetBucketAcl and GetObjectAcl: the owner may do everything, nobody else anything.
package struct AccessControlPolicy: Encodable, Sendable {
    /// Who is allowed something.
    package struct Grantee: Encodable, Sendable, DynamicNodeEncoding {
        package var namespace = "http://www.w3.org/2001/XMLSchema-instance"
        package var type = "CanonicalUser"
        package var ID: String
        package var DisplayName: String

        private enum CodingKeys: String, CodingKey {
            case namespace = "xmlns:xsi"
            case type = "xsi:type"
            case ID
            case DisplayName
        }

        /// Names with a prefix are attributes.
        package static func nodeEncoding(for key: any CodingKey)
            -> XMLEncoder.NodeEncoding
        { key.stringValue.contains(":") ? .attribute : .element }
    }
    /// One permission of one grantee.
    package struct Grant: Encodable, Sendable {
        package var Grantee: Grantee
        /// `FULL_CONTROL`.
        package var Permission: String
    }
    /// The element around the grants.
    package struct List: Encodable, Sendable {
        package var Grant: [Grant]
    }
    package var Owner: S3Owner
    package var AccessControlList: List

    package init(owner: S3Owner) {
        Owner = owner
        let grantee = Grantee(ID: owner.ID, DisplayName: owner.DisplayName)
        AccessControlList = List(Grant: [Grant(Grantee: grantee, Permission: "FULL_CONTROL")])
    }
}

/// The body of PutBucketAcl and PutObjectAcl, as far as it is read.
package struct AccessControlList: Decodable, Sendable {
    /// Who is allowed something.
    package struct Grantee: Decodable, Sendable {
        /// Nil for a group or an address.
        package var ID: String?
    }
    /// One permission of one grantee.
    package struct Grant: Decodable, Sendable {
        package var Grantee: Grantee?
        /// Like `FULL_CONTROL`.
        package var Permission: String?
    }
    /// The element around the grants.
    package struct List: Decodable, Sendable {
        package var Grant: [Grant]?
    }
    package var AccessControlList: List?
}

/// The answer of GetBucketRequestPayment.
package struct RequestPayment: Encodable, Sendable {
    /// `BucketOwner`.
    package var Payer = "BucketOwner"

    package init() {}
}

/// A document without elements, which says that something is not configured.
package struct EmptyDocument: Encodable, Sendable {
    package init() {}
}
