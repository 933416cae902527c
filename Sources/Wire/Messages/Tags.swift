/// A label that somebody gives to a model or a component. A resource keeps at most 50.
package struct Tag: Codable, Sendable, Equatable {
    /// 1 to 128 letters, digits, spaces and `_.:/=+-@`, unique on a resource; `aws:` at its
    /// beginning is reserved.
    package var key: String
    /// 0 to 256 characters of the same kinds.
    package var value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// Input of TagResource, which adds tags and overwrites those of the same keys.
package struct TagResourceRequest: Codable, Sendable {
    /// ARN of a model: only models have tags.
    package var resourceArn: String
    /// 0 to 200 of them, each key once.
    package var tags: [Tag]
}

/// Input of UntagResource.
package struct UntagResourceRequest: Codable, Sendable {
    /// ARN of a model: only models have tags.
    package var resourceArn: String
    /// 0 to 200 keys; those that the resource does not have are passed over.
    package var tagKeys: [String]
}

/// Input of ListTagsForResource.
package struct ListTagsForResourceRequest: Codable, Sendable {
    /// ARN of a model: only models have tags.
    package var resourceArn: String
}

/// Output of ListTagsForResource.
package struct ListTagsForResourceResponse: Codable, Sendable {
    /// All tags of the resource, unpaged, in the order of their keys.
    package var tags: [Tag]

    package init(tags: [Tag]) { self.tags = tags }
}

/// The answer of operations that have nothing to say.
package struct EmptyResponse: Codable, Sendable {
    package init() {}
}
