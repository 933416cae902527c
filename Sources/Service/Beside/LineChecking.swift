package import FoundationEssentials
import NIOPosix
import Wire

extension Operations {
    /// Lines of a manifest, told apart before they are entered.
    package struct CheckedLines: Sendable {
        /// Those that a dataset takes.
        package var good: [ManifestLine] = []
        /// Those that it would refuse, by their number, which begins with 1, with the reason. What
        /// is wrong with their pictures is not known yet.
        package var refused: [(number: Int, reason: String)] = []
    }

    /// Reads lines as a dataset does, and asks for no right: nothing is read but the text.
    ///
    /// - Parameter linesMax: more lines are too many.
    /// - Throws: `validation` for what is not a manifest.
    package func checkedLines(_ text: Data, linesMax: Int) async throws -> CheckedLines {
        let rules = ManifestRules(maskLabelsMax: context.limits.maskLabelsMax)
        do {
            return try await context.pools.images.runIfActive {
                try Self.checked(text, rules, linesMax: linesMax)
            }
        } catch let error as ManifestError {
            throw WireError.validation(error.description)
        }
    }

    private static func checked(_ text: Data, _ rules: ManifestRules, linesMax: Int) throws
        -> CheckedLines
    {
        var reader = ManifestReader(name: "The manifest", linesMax: linesMax)
        let lines = try reader.lines(in: text)
        var checked = CheckedLines()
        for line in lines + (try reader.lastLine()) {
            switch line.content.flatMap({ rules.checked($0) }) {
            case .success(let entry): checked.good.append(entry)
            case .failure(let error): checked.refused.append((line.number, error.message))
            }
        }
        return checked
    }
}
