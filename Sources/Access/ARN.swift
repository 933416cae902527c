/// Names of Spotter's resources in the form that clients expect.
package struct ARNs: Sendable, Equatable {
    /// Of this installation, like `eu-central-1`; clients sign for the same one.
    package let region: String
    /// Twelve digits that stand in for an AWS account number.
    package let account: String

    /// Neither value is checked here; the options of the command are.
    package init(region: String, account: String) {
        self.region = region
        self.account = account
    }

    /// `arn:aws:lookoutvision:REGION:ACCOUNT:project/NAME`.
    package func project(_ name: String) -> String {
        "arn:aws:lookoutvision:\(region):\(account):project/\(name)"
    }

    /// `arn:aws:lookoutvision:REGION:ACCOUNT:model/PROJECT/VERSION`.
    package func model(_ project: String, _ version: Int) -> String {
        model(project, String(version))
    }

    /// For versions as requests give them, which need not be numbers, and for patterns like `*`.
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

    /// The caller of requests that the installation's root key signed.
    package var rootUser: String { "arn:aws:iam::\(account):root" }

    /// The principal in audit entries and in messages about refused requests.
    package func user(_ name: String) -> String { "arn:aws:iam::\(account):user/\(name)" }

    /// Greengrass's form of a component with all its versions.
    package func component(_ name: String) -> String {
        "arn:aws:greengrass:\(region):\(account):components:\(name)"
    }

    /// Greengrass's form of one version, as deployments and `GetComponent` name it.
    package func componentVersion(_ name: String, _ version: String) -> String {
        "arn:aws:greengrass:\(region):\(account):components:\(name):versions:\(version)"
    }
}
