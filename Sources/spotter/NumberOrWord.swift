import ArgumentParser

/// What an option takes that sets a number, or takes it back with a word.
protocol NumberOrWord: ExpressibleByArgument {
    static var word: String { get }
    /// Nil for a text that is not a number, or not one in range.
    static func number(_ text: String) -> Double?

    /// Nil for the word.
    var number: Double? { get }
    init(number: Double?)
}

extension NumberOrWord {
    init?(argument: String) {
        if argument == Self.word {
            self.init(number: nil)
        } else if let number = Self.number(argument) {
            self.init(number: number)
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { number.map { "\($0)" } ?? Self.word }
}
