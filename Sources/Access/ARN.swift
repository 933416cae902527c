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
        "arn:aws:lookoutvision:\(region):\(account):model/\(project)/\(version)"
    }

    package func componentVersion(_ name: String, _ version: String) -> String {
        "arn:aws:greengrass:\(region):\(account):components:\(name):versions:\(version)"
    }
}
