import Wire

/// What a dataset's StatusMessage says, parted into what people should know and what only says that
/// all went as it should.
struct DatasetMessage {
    /// Shown as it is.
    let warning: String
    /// Folded away.
    let routine: String
    private let isFailed: Bool

    /// How sentences begin that people should read.
    private static var warnings: [Regex<Substring>] {
        [
            #/ \d+ images? without a label/#, #/ Of images with several lines/#,
            #/ Not found, and needed/#, #/ Not looked at, because/#, #/ The images have \d+ sizes/#,
        ]
    }

    init(_ dataset: DatasetDescription) {
        let message = dataset.statusMessage
        isFailed = [.createFailed, .updateFailedRollbackComplete, .deleteFailed]
            .contains(dataset.status)
        // What is not known as routine is shown.
        let isRoutine =
            !isFailed
            && (message.hasPrefix("The dataset was created")
                || message.prefixMatch(of: #/\d+ (?:entry was|entries were) added or replaced\./#)
                    != nil)
        guard isRoutine else {
            (warning, routine) = (message, "")
            return
        }
        let end =
            Self.warnings.compactMap { message.firstRange(of: $0)?.lowerBound }.min()
            ?? message.endIndex
        routine = String(message[..<end])
        warning = String(message[end...].drop { $0 == " " })
    }

    /// Of the template.
    var values: [String: Any] {
        ["warning": warning, "routine": routine, "isFailed": isFailed]
    }
}
