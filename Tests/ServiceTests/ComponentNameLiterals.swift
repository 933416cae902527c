import Base

/// Tests write names as literals; a wrong one is a mistake of the test.
extension ComponentName: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self = ComponentName(text)! }
}

extension ComponentVersion: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self = ComponentVersion(text)! }
}
