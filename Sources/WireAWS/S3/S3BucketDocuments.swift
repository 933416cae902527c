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

/// The body of PutBucketEncryption, as far as it is read.
package struct BucketEncryptionWish: Decodable, Sendable {
    /// One rule.
    package struct Rule: Decodable, Sendable {
        /// The algorithm of a put that names none.
        package struct Default: Decodable, Sendable {
            /// `AES256` or `aws:kms`.
            package var SSEAlgorithm: String?
        }
        package var ApplyServerSideEncryptionByDefault: Default?
    }
    package var Rule: [Rule]?
}

/// The document of tags: the body of PutObjectTagging and PutBucketTagging, the answer of
/// GetObjectTagging and GetBucketTagging, and the field `tagging` of a browser's form.
package struct Tagging: Codable, Sendable {
    /// One tag.
    package struct Tag: Codable, Sendable {
        /// Not bounded here.
        package var Key: String
        /// Nil or empty for a tag without a value.
        package var Value: String?

        package init(Key: String, Value: String) {
            self.Key = Key
            self.Value = Value
        }
    }
    /// The element around the tags.
    package struct Tags: Codable, Sendable {
        /// Nil or empty for none.
        package var Tag: [Tag]?
    }
    package var TagSet: Tags

    package init(tags: [Tag]) { TagSet = Tags(Tag: tags) }
}

/// The document of PutPublicAccessBlock and GetPublicAccessBlock. It is kept for the programs that
/// check it: nothing is public here, whatever it says.
package struct PublicAccessBlock: Codable, Sendable, Equatable {
    /// Nil for false, like the ones below.
    package var BlockPublicAcls: Bool?
    /// Whether public access control lists that are there already count for nothing.
    package var IgnorePublicAcls: Bool?
    /// Whether a public policy is refused.
    package var BlockPublicPolicy: Bool?
    /// Whether a public policy that is there already counts for nothing.
    package var RestrictPublicBuckets: Bool?

    /// With false for what the document leaves out, as S3 answers it.
    package var complete: Self {
        var document = self
        document.BlockPublicAcls = BlockPublicAcls ?? false
        document.IgnorePublicAcls = IgnorePublicAcls ?? false
        document.BlockPublicPolicy = BlockPublicPolicy ?? false
        document.RestrictPublicBuckets = RestrictPublicBuckets ?? false
        return document
    }
}

/// The document of PutBucketOwnershipControls and GetBucketOwnershipControls. One account owns all
/// objects here, so each of the values holds.
package struct OwnershipControls: Codable, Sendable, Equatable {
    /// The one rule.
    package struct Entry: Codable, Sendable, Equatable {
        /// One of `known`.
        package var ObjectOwnership: String
    }
    /// As S3 has them.
    package static let known: Set<String> = [
        "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter",
    ]
    package var Rule: [Entry]

    /// - Parameter ownership: not checked.
    package init(_ ownership: String) { Rule = [Entry(ObjectOwnership: ownership)] }

    /// Whether it is one rule with a value that S3 has.
    package var isSound: Bool { Rule.count == 1 && Self.known.contains(Rule[0].ObjectOwnership) }
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
