/// What is wrong with lines and pictures: how many, and the first hundred in words. People mend all
/// of them at once, where one at a time would cost a dataset or a training each.
package struct FaultList: Sendable {
    /// How many were added.
    package private(set) var count = 0
    private var shown: [String] = []

    /// An empty list.
    package init() {}

    /// - Parameter sentence: names the line or the picture, and says what is wrong.
    package mutating func add(_ sentence: String) {
        count += 1
        if shown.count < Limits.faultsShownMax { shown.append(sentence) }
    }

    /// The sentences, each on a line of its own, below `title` when there are several; nil without
    /// faults.
    ///
    /// - Parameter title: for the number of faults.
    package func message(_ title: (Int) -> String) -> String? {
        guard count > 1 else { return shown.first }
        let rest = count > shown.count ? ["… and \(count - shown.count) more."] : []
        return ([title(count)] + shown + rest).joined(separator: "\n")
    }

    /// `names` as a list for a sentence: the first hundred, and how many more there are.
    static func names(_ names: [String]) -> String {
        let rest = names.count - Limits.faultsShownMax
        return names.prefix(Limits.faultsShownMax).joined(separator: ", ")
            + (rest > 0 ? " and \(rest) more" : "")
    }
}
