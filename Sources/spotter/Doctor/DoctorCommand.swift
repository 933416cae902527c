import Administration
import ArgumentParser
import Base
import Foundation

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Tells what works in a set-up and what does not.",
        discussion: """
            Give it the command line of 'spotter serve' or 'spotter worker' with 'doctor' in place \
            of 'serve' or 'worker'; they may be running. Nothing is changed. Ends with 1 when \
            something must be mended.
            """)

    @OptionGroup var stores: StoresOptions

    @OptionGroup var service: ServiceOptions

    @OptionGroup var backboneOptions: BackboneOptions

    @OptionGroup(visibility: .hidden) var unused: ProcessOptions

    @Flag(help: "Writes the findings as JSON.")
    var json = false

    @Flag(
        help:
            "Reads everything that is kept, and compares it with its checksums. Takes as long as the disk needs."
    )
    var deep = false

    /// The rest of what 'spotter serve' and 'spotter worker' take, so that their command lines can
    /// be copied. Nothing of it matters here.
    struct ProcessOptions: ParsableArguments {
        @Option var hostname: String?
        @Option var port: Int?
        @Option var kinds: String?
        @Option var concurrency: Int?
        @Flag(name: .customLong("no-worker")) var hasNoWorker = false
    }

    private struct Report: Encodable {
        let isWell: Bool
        let version: String
        let findings: [Finding]
    }

    func validate() throws { try service.check(with: stores, backboneOptions) }

    func run() async throws {
        let findings = try await Doctor.examine(
            stores.configuration, backbone: service.backboneChoice(backboneOptions),
            environment: ProcessInfo.processInfo.environment, isDeep: deep)
        let isWell = !findings.contains { $0.level == .failed }
        if json {
            let report = Report(
                isWell: isWell, version: SpotterVersion.current, findings: findings)
            Output.line(try JSONCoding.text(report, .indented))
        } else {
            let width = findings.map(\.check.count).max() ?? 0
            for finding in findings { Output.line(Self.line(finding, width)) }
        }
        if !isWell { throw ExitCode(1) }
    }

    private static func line(_ finding: Finding, _ width: Int) -> String {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        let remedy = finding.remedy.map { " → \($0)" } ?? ""
        return "\(padded(finding.level.rawValue, 7))  \(padded(finding.check, width))  "
            + finding.text + remedy
    }
}
