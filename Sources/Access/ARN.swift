/// Names of Spotter's resources in the form that clients expect.
package struct ARNs: Sendable, Equatable {
    package let region: String
    package let account: String

    package init(region: String, account: String) {
        self.region = region
        self.account = account
    }

    package func project(_ name: String) -> String {
        "arn:aws:lookoutvision:\(region):\(account):project/\(name)"
    }

    package func model(_ project: String, _ version: Int) -> String {
        model(project, String(version))
    }

    package func model(_ project: String, _ version: String) -> String {
        "arn:aws:lookoutvision:\(region):\(account):model/\(project)/\(version)"
    }

    /// Project and version of a model's ARN; nil for any other text.
    package func model(in arn: String) -> (project: String, version: String)? {
        let start = model("", "").dropLast()
        guard arn.hasPrefix(start) else { return nil }
        let parts = arn.dropFirst(start.count).split(
            separator: "/", omittingEmptySubsequences: false)
        // One model has one name: '03' would be another resource to a policy and the same to us.
        guard parts.count == 2, !parts[0].isEmpty,
            Int(parts[1]).map(String.init) == String(parts[1])
        else { return nil }
        return (String(parts[0]), String(parts[1]))
    }

    package var rootUser: String { "arn:aws:iam::\(account):root" }

    package func user(_ name: String) -> String { "arn:aws:iam::\(account):user/\(name)" }

    package func component(_ name: String) -> String {
        "arn:aws:greengrass:\(region):\(account):components:\(name)"
    }

    package func componentVersion(_ name: String, _ version: String) -> String {
        "arn:aws:greengrass:\(region):\(account):components:\(name):versions:\(version)"
    }
}
