package struct Tag: Codable, Sendable, Equatable {
    package var key: String
    package var value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

package struct TagResourceRequest: Codable, Sendable {
    package var resourceArn: String
    package var tags: [Tag]
}

package struct UntagResourceRequest: Codable, Sendable {
    package var resourceArn: String
    package var tagKeys: [String]
}

package struct ListTagsForResourceRequest: Codable, Sendable {
    package var resourceArn: String
}

package struct ListTagsForResourceResponse: Codable, Sendable {
    package var tags: [Tag]

    package init(tags: [Tag]) { self.tags = tags }
}

/// The answer of operations that have nothing to say.
package struct EmptyResponse: Codable, Sendable {
    package init() {}
}
