import FoundationEssentials
import TestSupport
import Testing
import Wire

@Suite struct OperationTests {
    @Test func thereAre22OperationsAnd141Shapes() {
        #expect(Wire.Operation.allCases.count == 22)
        #expect(Shapes.all.count == 141)
    }

    @Test func everyNameInTheTableExists() {
        for operation in Wire.Operation.allCases {
            let definition = operation.definition
            #expect(Shapes.all[definition.input] != nil)
            #expect(Shapes.all[definition.output] != nil)
            for error in definition.errors { #expect(Shapes.all[error.rawValue] != nil) }
            let labels = definition.path.split(separator: "/").filter { $0.hasPrefix("{") }
            let members = Shapes.members(of: definition.input).filter {
                if case .path = $0.location { true } else { false }
            }
            #expect(labels.count == members.count)
        }
        for shape in Shapes.all.values {
            switch shape {
            case .structure(let members): for m in members { #expect(Shapes.all[m.shape] != nil) }
            case .list(let element, _): #expect(Shapes.all[element] != nil)
            default: continue
            }
        }
    }

    @Test(
        .enabled(if: Checkout.shared != nil, "needs ../shared/api"))
    func theTableSaysWhatThePublishedShapesSay() throws {
        let path = "\(Checkout.shared ?? "")/api/lookoutvision-2020-11-20.shapes.json"
        let published = try JSONValue(parsing: Data(contentsOf: URL(filePath: path))).object ?? [:]
        for operation in Wire.Operation.allCases {
            let entry = published["operations"]?.object?[operation.rawValue]?.object
            let definition = operation.definition
            #expect(entry?["method"]?.string == definition.method)
            #expect(entry?["uri"]?.string == definition.path)
            #expect(entry?["status"] == .integer(definition.status))
            #expect(
                entry?["errors"] == .array(definition.errors.map { .string($0.rawValue) }),
                "\(operation)")
        }
        for (name, shape) in Shapes.all {
            let entry = published["shapes"]?.object?[name]?.object ?? [:]
            switch shape {
            case .structure(let members):
                #expect(Set(members.map(\.name)) == Set((entry["members"]?.object ?? [:]).keys))
                let required = members.filter(\.isRequired).map { JSONValue.string($0.name) }
                if case .array(let names) = entry["required"] {
                    #expect(Set(names.map(\.string)) == Set(required.map(\.string)), "\(name)")
                } else {
                    #expect(required.isEmpty, "\(name)")
                }
            case .string(let length, let pattern, let enumeration):
                #expect(entry["min"] == nil || entry["min"] == .integer(length.lowerBound))
                #expect(entry["max"] == nil || entry["max"] == .integer(length.upperBound))
                #expect(entry["pattern"]?.string == pattern, "\(name)")
                if case .array(let values) = entry["enum"] {
                    #expect(values.map(\.string) == enumeration)
                }
            case .list(_, let range), .blob(let range), .integer(let range):
                #expect(entry["min"] == nil || entry["min"] == .integer(range.lowerBound))
                #expect(entry["max"] == nil || entry["max"] == .integer(range.upperBound))
            case .float, .boolean, .timestamp, .stream, .map, .document:
                continue
            }
        }
    }

    @Test(arguments: Wire.Operation.allCases)
    func theTableSaysOfABodyWhatTheShapesSay(_ operation: Wire.Operation) {
        let members = Shapes.members(of: operation.definition.input)
        let hasPayload = members.contains { $0.location == .payload }
        let hasBlob = members.contains { member in
            if case .blob = Shapes.all[member.shape] { true } else { false }
        }
        switch operation.definition.body {
        case .payload: #expect(hasPayload && operation.isReadOnly)
        case .documentWithBlob: #expect(hasBlob && !hasPayload)
        case .document: #expect(!hasBlob && !hasPayload)
        }
    }

    @Test func pathsFindTheirOperations() throws {
        let route = try Route.find(
            method: "GET",
            path: "/2020-11-20/tags/arn%3Aaws%3Alookoutvision%3A%3A%3Amodel%2Fp%2F1")
        #expect(route.operation == .listTagsForResource)
        #expect(route.labels == ["resourceArn": "arn:aws:lookoutvision:::model/p/1"])
        let detect = try Route.find(
            method: "POST", path: "/2020-11-20/projects/p/models/3/detect")
        #expect(detect.operation == .detectAnomalies)
        #expect(detect.labels == ["projectName": "p", "modelVersion": "3"])
    }

    @Test(arguments: ["/", "", "/2020-11-20", "/2020-11-20/projects/", "/2020-11-20/projects/%zz"])
    func otherPathsAreUnknown(path: String) {
        #expect(throws: WireError.self) { try Route.find(method: "GET", path: path) }
    }

    @Test func aWrongMethodNamesTheRightOnes() throws {
        let error = #expect(throws: WireError.self) {
            try Route.find(method: "PUT", path: "/2020-11-20/projects")
        }
        #expect(error?.code == .methodNotAllowed)
        #expect(error?.message.contains("GET, POST") == true)
    }
}
