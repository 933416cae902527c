package import Access
import FoundationEssentials

/// Finds the key and the region for other servers as AWS's own tools do: first the environment,
/// then a profile in the files below `~/.aws`.
///
/// Roles, single sign-on, processes that print keys and the metadata services of machines are not
/// asked.
package struct CredentialsChain: Sendable {
    private let environment: [String: String]
    private let read: @Sendable (String) -> String?

    /// - Parameter read: the text of a file; nil when there is none.
    package init(
        environment: [String: String],
        read: @escaping @Sendable (String) -> String? = { path in
            FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        }
    ) {
        self.environment = environment
        self.read = read
    }

    private func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private var profileName: String { variable("AWS_PROFILE") ?? "default" }

    private func path(_ name: String, file: String) -> String? {
        guard let path = variable(name) ?? variable("HOME").map({ "\($0)/.aws/\(file)" }) else {
            return nil
        }
        guard path.hasPrefix("~/"), let home = variable("HOME") else { return path }
        return home + path.dropFirst()
    }

    private var credentialsPath: String? {
        path("AWS_SHARED_CREDENTIALS_FILE", file: "credentials")
    }

    private var configPath: String? { path("AWS_CONFIG_FILE", file: "config") }

    /// The profile's settings in the configuration file, where its section has another name.
    private var configuration: [String: String]? {
        guard let path = configPath, let text = read(path) else { return nil }
        let sections = ProfileFile.sections(of: text)
        return profileName == "default"
            ? sections["default"] ?? sections["profile default"]
            : sections["profile \(profileName)"]
    }

    /// Whose certificates are believed: `AWS_CA_BUNDLE`, `ca_bundle` of the profile, or those that
    /// the system knows.
    ///
    /// - Throws: `trust` when the file has no certificate.
    package func trust() throws(CloudError) -> HTTPConnections.Trust {
        if let file = variable("AWS_CA_BUNDLE") {
            return try .init(file: file, of: "AWS_CA_BUNDLE")
        }
        return try .init(file: configuration?["ca_bundle"], of: "ca_bundle of the AWS profile")
    }

    /// - Throws: `credentials` naming every place that was looked at.
    package func credentials() throws(CloudError) -> Credentials {
        if let id = variable("AWS_ACCESS_KEY_ID") {
            guard let secret = variable("AWS_SECRET_ACCESS_KEY") else {
                throw CloudError(
                    .credentials, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not.")
            }
            return Credentials(
                accessKeyID: id, secretAccessKey: secret,
                sessionToken: variable("AWS_SESSION_TOKEN"))
        }
        let kept = credentialsPath.flatMap(read).map(ProfileFile.sections)?[profileName]
        for settings in [kept, configuration] {
            guard let settings, let id = settings["aws_access_key_id"] else { continue }
            guard let secret = settings["aws_secret_access_key"] else {
                throw CloudError(
                    .credentials,
                    "The profile '\(profileName)' has an aws_access_key_id, but no "
                        + "aws_secret_access_key.")
            }
            return Credentials(
                accessKeyID: id, secretAccessKey: secret,
                sessionToken: settings["aws_session_token"])
        }
        let others = ["role_arn", "sso_session", "sso_start_url", "credential_process"]
        let other = others.first { configuration?[$0] != nil || kept?[$0] != nil }
        if let other {
            throw CloudError(
                .credentials,
                "The profile '\(profileName)' gets its key by \(other), which Spotter does not "
                    + "know: give it a key of its own in AWS_ACCESS_KEY_ID and "
                    + "AWS_SECRET_ACCESS_KEY.")
        }
        let files = [credentialsPath, configPath].compactMap { $0 }
        throw CloudError(
            .credentials,
            "There is no access key for the other server: neither AWS_ACCESS_KEY_ID and "
                + "AWS_SECRET_ACCESS_KEY in the environment nor the profile '\(profileName)' in "
                + (files.isEmpty
                    ? "a file, since HOME is not set." : files.joined(separator: " or ") + "."))
    }

    /// `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile's; nil when none says.
    package func region() -> String? {
        variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ?? configuration?["region"]
    }
}
