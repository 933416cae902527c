import Access
import FoundationEssentials
import Storage
import Wire

extension Operations {
    /// Adds tags to a model; a known key gets the new value.
    func tagResource(_ request: TagResourceRequest) async throws -> EmptyResponse {
        try TagRules.check(request.tags)
        let arns = context.arns
        return try await context.metadata.write { transaction in
            let arn = try Lookup.taggedModel(request.resourceArn, arns, transaction)
            let known = try transaction.tags(of: arn).map(\.key)
            let count = Set(known + request.tags.map(\.key)).count
            guard count <= Limits.tagsMax else { throw TagRules.tooMany(count, arn) }
            try transaction.addTags(request.tags, to: arn)
            return EmptyResponse()
        }
    }

    /// Removes tags of a model; keys that it does not have are no error.
    func untagResource(_ request: UntagResourceRequest) async throws -> EmptyResponse {
        let arns = context.arns
        return try await context.metadata.write { transaction in
            let arn = try Lookup.taggedModel(request.resourceArn, arns, transaction)
            try transaction.removeTags(request.tagKeys, from: arn)
            return EmptyResponse()
        }
    }

    func listTagsForResource(_ request: ListTagsForResourceRequest) async throws
        -> ListTagsForResourceResponse
    {
        let arns = context.arns
        return try await context.metadata.read { transaction in
            let arn = try Lookup.taggedModel(request.resourceArn, arns, transaction)
            return ListTagsForResourceResponse(tags: try transaction.tags(of: arn))
        }
    }
}

extension Lookup {
    /// - Returns: the ARN of a model that exists.
    static func taggedModel(
        _ arn: String, _ arns: ARNs, _ transaction: MetadataTransaction
    ) throws -> String {
        guard let (project, version) = arns.model(in: arn) else {
            throw WireError.validation(
                "ResourceArn: only models have tags, as "
                    + "\(arns.model("PROJECT", "VERSION")), not '\(arn.prefix(120))'.")
        }
        let model = try self.model(project, version, transaction)
        return arns.model(model.project, model.version)
    }
}

/// What tags must be beyond their shapes.
enum TagRules {
    static func check(_ tags: [Tag]) throws(WireError) {
        if let reserved = tags.first(where: { $0.key.lowercased().hasPrefix("aws:") }) {
            throw .validation("Tags: the key '\(reserved.key)' begins with the reserved 'aws:'.")
        }
        if Set(tags.map(\.key)).count < tags.count {
            throw .validation("Tags: each key may be given once.")
        }
    }

    /// - Parameter resource: what would have the tags.
    static func checkCount(_ tags: [Tag], of resource: String) throws(WireError) {
        if tags.count > Limits.tagsMax { throw tooMany(tags.count, resource) }
    }

    static func tooMany(_ count: Int, _ resource: String) -> WireError {
        .quotaExceeded(
            "A resource keeps at most \(Limits.tagsMax) tags; \(resource) would have \(count).",
            quota: "tags")
    }
}
