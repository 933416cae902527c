import Access
import Base
import FoundationEssentials
import Service
import Testing
import Wire
import WireAWS

/// Names of components in ARNs and paths.
@Suite struct ComponentNamesTests {
    private let arns = ARNs(region: "us-east-1", account: "123456789012")

    @Test func arnsAreReadStrictly() {
        let start = "arn:aws:greengrass:us-east-1:123456789012:components:"
        #expect(ComponentARN("\(start)a.b-c_D1", arns: arns)?.name == "a.b-c_D1")
        #expect(ComponentARN("\(start)a:versions:1.2.3", arns: arns)?.version == "1.2.3")
        for text in [
            "", "a", start, "\(start)..", "\(start)a/b", "\(start)a:versions",
            "\(start)a:versions:",
            "\(start)a:versions:1.2", "\(start)a:versions:1.2.3:x", "\(start)a:version:1.2.3",
            "\(start)a:versions:1.2.1000000", "\(start)a:versions:../..", "\(start)%61",
            "\(start)a ", "\(start)ä", "\(start)a:versions:1.2.3-x",
            "arn:aws:greengrass:eu-west-1:123456789012:components:a",
            "arn:aws:greengrass:us-east-1:aws:components:a",
            "arn:aws-cn:greengrass:us-east-1:123456789012:components:a",
            start + String(repeating: "n", count: 129),
        ] { #expect(ComponentARN(text, arns: arns) == nil, "\(text)") }
    }

    @Test(arguments: ["", ".", "..", "a/b", "a b", "ä", "a:b", String(repeating: "n", count: 129)])
    func whatNoComponentCanBeCalledIsNoName(text: String) throws {
        #expect(ComponentName(text) == nil)
        let bytes = try JSONEncoder().encode([text])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([ComponentName].self, from: bytes)
        }
    }

    @Test(arguments: [
        "", "1", "1.2", "1.2.3.4", "1..3", "1.2.x", "-1.2.3", "1.2.3-rc1", "1.2.3+b", "../1.0.0",
        "1.2.1000000", " 1.2.3", "1.2.3\n", "1.0." + String(repeating: "0", count: 61),
    ])
    func whatIsNotThreeNumbersIsNoVersion(text: String) throws {
        #expect(ComponentVersion(text) == nil)
        let bytes = try JSONEncoder().encode([text])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([ComponentVersion].self, from: bytes)
        }
    }

    @Test func namesAndVersionsAreStringsInJSONAndVersionsCompareAsNumbers() throws {
        let versions: [ComponentVersion] = ["10.0.0", "9.9.9", "1.00.0", "1.0.0", "1.0.999999"]
        let bytes = try JSONEncoder().encode(versions)
        #expect(try JSONDecoder().decode([String].self, from: bytes) == versions.map(\.text))
        #expect(try JSONDecoder().decode([ComponentVersion].self, from: bytes) == versions)
        #expect(versions.sorted() == ["1.0.0", "1.00.0", "1.0.999999", "9.9.9", "10.0.0"])
        let longest = String(repeating: "n", count: 128)
        #expect(ComponentName(longest)?.text == longest)
        #expect("\(ComponentName("-_."))/\(versions[1])" == "-_./9.9.9")
    }

    @Test func theTableOfOperationsIsTheRoutersAndCountsTen() throws {
        #expect(GreengrassOperation.allCases.count == 10)
        let arn = "arn%3Aaws%3Agreengrass%3Aus-east-1%3A1%3Acomponents%3Aa"
        let route = try GreengrassRoute.find(
            method: "GET", path: "/greengrass/v2/components/\(arn)/artifacts/b/c%20d%2Fe")
        #expect(route.operation == .getComponentVersionArtifact)
        #expect(route.labels["artifactName"] == "b/c d/e")
        #expect(route.labels["arn"] == "arn:aws:greengrass:us-east-1:1:components:a")
        for (method, path) in [
            ("PUT", "/tags/x"), ("GET", "/greengrass/v2/createComponentVersion"),
        ] {
            let error = #expect(throws: WireError.self) {
                try GreengrassRoute.find(method: method, path: path)
            }
            #expect(error?.code == .methodNotAllowed)
        }
        for path in ["/", "/tags/", "/tags/%zz", "/greengrass/v2/components/a/artifacts/", "/x"] {
            let error = #expect(throws: WireError.self) {
                try GreengrassRoute.find(method: "GET", path: path)
            }
            #expect(error?.code == .unknownOperation)
        }
    }
}
