import Administration
import ArgumentParser
import Foundation
import Logging

/// Where everything is kept: for all commands that work on what a server keeps, or in its place.
struct StoresOptions: ParsableArguments {
    static let standardRegion = "us-east-1"
    static let noAccountID = "000000000000"

    /// Where a server keeps its data that was given no folder.
    private static let ownName = "./spotter-data"
    /// Where the service of the Debian package keeps its data.
    private static let serviceName = "/var/lib/spotter"

    @Option(
        name: .customLong("data-directory"),
        help: ArgumentHelp(
            """
            Folder for the database, objects, models and components, as far as other options do \
            not put them elsewhere. Without it ./spotter-data; commands beside a server take \
            /var/lib/spotter, the installed service's, where there is no ./spotter-data.
            """, valueName: "data-directory"))
    var givenDirectory: String?

    /// Of the server that a command works on: root need not name the installed service's.
    var dataDirectory: String {
        if let givenDirectory { return givenDirectory }
        let files = FileManager.default
        let hasService = files.isReadableFile(atPath: "\(Self.serviceName)/spotter.sqlite")
        return hasService && !files.fileExists(atPath: Self.ownName)
            ? Self.serviceName : Self.ownName
    }

    /// For a server or a worker itself: it begins where it is told, or where it stands.
    var served: StoresOptions {
        var options = self
        options.givenDirectory = givenDirectory ?? Self.ownName
        return options
    }

    @Option(
        name: .customLong("metadata"),
        help: ArgumentHelp(
            """
            PostgreSQL database for metadata and jobs in place of SQLite in the data directory: \
            postgres://USER@HOST/DATABASE?sslmode=verify-full. The password comes from PGPASSWORD \
            or ~/.pgpass.
            """, valueName: "url"))
    var metadataURL: String?

    @Option(help: "Region that clients sign for and ARNs name.")
    var region = Self.standardRegion

    @Option(name: .customLong("account-id"), help: "Account number in ARNs: 12 digits.")
    var accountID = Self.noAccountID

    @Option(
        help: """
            Where objects lie: 'directory' is the data directory, 's3' another S3, with the key of \
            AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or of the AWS profile.
            """)
    var objectStore = ObjectStoreKind.directory

    @Option(
        name: .customLong("s3-endpoint"),
        help: ArgumentHelp("Address of that S3; Amazon's own without it.", valueName: "url"))
    var s3Endpoint: String?

    @Option(
        name: .customLong("s3-region"),
        help: "Region of that S3; AWS_REGION, the profile's or --region without it.")
    var s3Region: String?

    @Option(
        help: ArgumentHelp(
            """
            Bucket of that S3 for models, backbones and components in place of the data directory. \
            All servers and workers that have the same one and the same --metadata work together. \
            It is for Spotter alone.
            """, valueName: "bucket"))
    var stateBucket: String?

    @Option(
        help: ArgumentHelp(
            """
            Folder for the backup that is made when a newer Spotter is about to change the schema \
            of the rows; for those of this data directory alone. Without it before-upgrade in the \
            data directory. SPOTTER_BACKUP_DIRECTORY says the same.
            """, valueName: "folder"))
    var backupDirectory: String?

    @Flag(
        name: .customLong("no-backup"),
        help: "Makes no such backup. SPOTTER_NO_BACKUP=1 says the same.")
    var hasNoBackup = false

    private static let noBackupVariable = "SPOTTER_NO_BACKUP"

    /// - Returns: nil when it has another value than yes and no.
    private static func saysNoBackup(_ environment: [String: String]) -> Bool? {
        switch environment[noBackupVariable]?.lowercased() ?? "" {
        case "1", "true": true
        case "", "0", "false": false
        default: nil
        }
    }

    private var upgradeBackup: UpgradePlace {
        let environment = ProcessInfo.processInfo.environment
        if hasNoBackup || Self.saysNoBackup(environment) ?? false { return .none }
        let folder = backupDirectory ?? environment["SPOTTER_BACKUP_DIRECTORY"] ?? ""
        return folder.isEmpty ? .dataDirectory : .folder(folder)
    }

    private var metadataChoice: MetadataChoice {
        metadataURL.map { .postgreSQL(url: $0) } ?? .embedded
    }

    func validate() throws {
        do { try metadataChoice.check() } catch { throw ValidationError("--metadata: \(error)") }
        guard Self.saysNoBackup(ProcessInfo.processInfo.environment) != nil else {
            throw ValidationError(
                "\(Self.noBackupVariable) must be 1 or true for no backup before an upgrade, 0 or "
                    + "false for one.")
        }
        guard accountID.wholeMatch(of: /[0-9]{12}/) != nil else {
            throw ValidationError("--account-id must have 12 digits, not '\(accountID)'.")
        }
        guard region.wholeMatch(of: /[a-z0-9-]{1,32}/) != nil else {
            throw ValidationError("--region must be like us-east-1, not '\(region)'.")
        }
        guard objectStore == .s3 || s3Endpoint == nil && s3Region == nil else {
            throw ValidationError("--s3-endpoint and --s3-region need --object-store s3.")
        }
        guard let stateBucket else { return }
        guard objectStore == .s3, metadataURL != nil else {
            throw ValidationError(
                "--state-bucket is for servers that share everything: it needs --object-store s3 "
                    + "and --metadata.")
        }
        guard stateBucket.wholeMatch(of: /[a-z0-9][a-z0-9-]{1,61}[a-z0-9]/) != nil else {
            throw ValidationError(
                "--state-bucket must have 3 to 63 small letters, digits and hyphens, not "
                    + "'\(stateBucket)'.")
        }
    }

    var configuration: StoresConfiguration {
        var configuration = StoresConfiguration(
            dataDirectory: dataDirectory, region: region, accountID: accountID)
        configuration.metadata = metadataChoice
        configuration.upgradeBackup = upgradeBackup
        if objectStore == .s3 {
            configuration.objectStore = .s3(endpoint: s3Endpoint, region: s3Region)
        }
        configuration.stateBucket = stateBucket
        return configuration
    }

    /// Runs `body` with the stores, which servers may be using. An error becomes one line on
    /// standard error and ends the process.
    func reporting(_ body: (Stores) async throws -> Void) async {
        await Spotter.reporting {
            try await Stores.withStores(
                beside: configuration, environment: ProcessInfo.processInfo.environment,
                logger: Spotter.logger(level: .warning), body)
        }
    }
}

enum ObjectStoreKind: String, ExpressibleByArgument, CaseIterable {
    case directory
    case s3
}
