/// The API in the form that AWS SDKs for Python and the AWS CLI read: botocore's
/// `service-2.json`, `paginators-1.json`, `waiters-2.json` and `endpoint-rule-set-1.json`, made
/// from the truth table.
package enum ServiceModel {
    /// Folder of the model and signing name at once.
    package static let serviceName = "lookoutvision"
    /// A service of Amazon's that every region has.
    ///
    /// botocore answers `get_available_regions` from a list of its own, in which it looks for the
    /// endpoint prefix. Newer lists lack Lookout for Vision, so the prefix is that of CloudWatch
    /// Logs. Nothing else follows from it: addresses come from `endpointRules`, and signatures
    /// name `serviceName`.
    private static let serviceOfAllRegions = "logs"
    /// First segment of every path.
    package static let apiVersion = "2020-11-20"

    /// The whole of `service-2.json`.
    package static var service: JSONValue {
        .object([
            "version": .string("2.0"),
            "metadata": .object([
                "apiVersion": .string(apiVersion),
                "endpointPrefix": .string(serviceOfAllRegions),
                "jsonVersion": .string("1.1"),
                "protocol": .string("rest-json"),
                "protocols": .array([.string("rest-json")]),
                "serviceFullName": .string("Spotter, in the form of Amazon Lookout for Vision"),
                "serviceId": .string("LookoutVision"),
                "signatureVersion": .string("v4"),
                "signingName": .string(serviceName),
                "uid": .string("\(serviceName)-\(apiVersion)"),
            ]),
            "documentation": .string(Documentation.service),
            "operations": .object(
                Operation.allCases.reduce(into: [:]) { $0[$1.rawValue] = operation($1) }),
            "shapes": .object(
                Shapes.all.reduce(into: [:]) { $0[$1.key] = shape($1.key, $1.value) }),
        ])
    }

    private static func operation(_ operation: Operation) -> JSONValue {
        let definition = operation.definition
        var members: [String: JSONValue] = [
            "name": .string(operation.rawValue),
            "http": .object([
                "method": .string(definition.method),
                "requestUri": .string(definition.path),
                "responseCode": .integer(definition.status),
            ]),
            "input": .object(["shape": .string(definition.input)]),
            "output": .object(["shape": .string(definition.output)]),
            "errors": .array(
                definition.errors.map { .object(["shape": .string($0.rawValue)]) }),
            "documentation": .string(Documentation.operation(operation)),
        ]
        if definition.method == "DELETE" { members["idempotent"] = .boolean(true) }
        return .object(members)
    }

    private static func shape(_ name: String, _ shape: Shape) -> JSONValue {
        var members = constraints(shape)
        if let text = Documentation.shapes[name] { members["documentation"] = .string(text) }
        if let code = ErrorCode(rawValue: name) {
            members["exception"] = .boolean(true)
            members["error"] = .object(["httpStatusCode": .integer(code.httpStatus)])
            if code.httpStatus >= 500 { members["fault"] = .boolean(true) }
        }
        if let payload = Shapes.members(of: name).first(where: { $0.location == .payload }) {
            members["payload"] = .string(payload.name)
        }
        return .object(members)
    }

    private static func constraints(_ shape: Shape) -> [String: JSONValue] {
        switch shape {
        case .structure(let members):
            var result: [String: JSONValue] = [
                "type": .string("structure"),
                "members": .object(members.reduce(into: [:]) { $0[$1.name] = member($1) }),
            ]
            let required = members.filter(\.isRequired).map { JSONValue.string($0.name) }
            if !required.isEmpty { result["required"] = .array(required) }
            return result
        case .map(let key, let value, let count, _):
            let sides: [String: JSONValue] = [
                "type": .string("map"), "key": .object(["shape": .string(key)]),
                "value": .object(["shape": .string(value)]),
            ]
            return sides.merging(bounds(count)) { first, _ in first }
        case .document: return ["type": .string("structure"), "document": .boolean(true)]
        case .list(let element, let count):
            return ["type": .string("list"), "member": .object(["shape": .string(element)])]
                .merging(bounds(count)) { first, _ in first }
        case .string(let length, let pattern, let enumeration):
            var result: [String: JSONValue] = ["type": .string("string")]
            if let pattern { result["pattern"] = .string(pattern) }
            if !enumeration.isEmpty { result["enum"] = .array(enumeration.map(JSONValue.string)) }
            return result.merging(bounds(length)) { first, _ in first }
        case .integer(let range):
            return ["type": .string("integer")].merging(bounds(range)) { first, _ in first }
        case .float: return ["type": .string("float")]
        case .boolean: return ["type": .string("boolean")]
        case .timestamp: return ["type": .string("timestamp")]
        case .blob(let size):
            return ["type": .string("blob")].merging(bounds(size)) { first, _ in first }
        case .stream:
            return [
                "type": .string("blob"), "streaming": .boolean(true),
                "requiresLength": .boolean(true),
            ]
        }
    }

    private static func bounds(_ range: ClosedRange<Int>) -> [String: JSONValue] {
        var result: [String: JSONValue] = [:]
        if range.lowerBound != 0, range.lowerBound != Int.min {
            result["min"] = .integer(range.lowerBound)
        }
        if range.upperBound != Int.max { result["max"] = .integer(range.upperBound) }
        return result
    }

    private static func member(_ member: Shape.Member) -> JSONValue {
        var result: [String: JSONValue] = ["shape": .string(member.shape)]
        if let text = Documentation.members[member.name] { result["documentation"] = .string(text) }
        // SDKs put a fresh token in by themselves.
        if member.name == "ClientToken" { result["idempotencyToken"] = .boolean(true) }
        switch member.location {
        case .body, .payload: break
        case .path(let name): place(&result, "uri", name)
        case .query(let name): place(&result, "querystring", name)
        case .header(let name): place(&result, "header", name)
        }
        return .object(result)
    }

    private static func place(
        _ result: inout [String: JSONValue], _ location: String, _ name: String
    ) {
        result["location"] = .string(location)
        result["locationName"] = .string(name)
    }

    /// The whole of `endpoint-rule-set-1.json`: the address that the user gave, and an error that
    /// asks for one where there is none, since no server of Amazon's answers any more.
    package static var endpointRules: JSONValue {
        func parameter(_ source: String, _ type: String, isRequired: Bool) -> JSONValue {
            var members: [String: JSONValue] = [
                "builtIn": .string(source), "type": .string(type),
                "required": .boolean(isRequired), "documentation": .string(""),
            ]
            if isRequired { members["default"] = .boolean(false) }
            return .object(members)
        }
        let endpoint: JSONValue = .object(["ref": .string("Endpoint")])
        return .object([
            "version": .string("1.0"),
            "parameters": .object([
                "Region": parameter("AWS::Region", "string", isRequired: false),
                "UseDualStack": parameter("AWS::UseDualStack", "boolean", isRequired: true),
                "UseFIPS": parameter("AWS::UseFIPS", "boolean", isRequired: true),
                "Endpoint": parameter("SDK::Endpoint", "string", isRequired: false),
            ]),
            "rules": .array([
                .object([
                    "type": .string("endpoint"),
                    "conditions": .array([
                        .object(["fn": .string("isSet"), "argv": .array([endpoint])])
                    ]),
                    "endpoint": .object([
                        "url": endpoint, "properties": .object([:]), "headers": .object([:]),
                    ]),
                ]),
                .object([
                    "type": .string("error"), "conditions": .array([]),
                    "error": .string(
                        "Amazon's Lookout for Vision has ended: set AWS_ENDPOINT_URL (or "
                            + "AWS_ENDPOINT_URL_LOOKOUTVISION, or endpoint_url) to the address "
                            + "of a Spotter server, for example http://127.0.0.1:9444."),
                ]),
            ]),
        ])
    }

    /// Operations whose input has NextToken; the list is the output's other member.
    package static var paginators: JSONValue {
        let pages = Operation.allCases.compactMap { operation -> (String, JSONValue)? in
            let definition = operation.definition
            guard Shapes.members(of: definition.input).contains(where: { $0.name == "NextToken" }),
                let list = Shapes.members(of: definition.output)
                    .first(where: { $0.name != "NextToken" })
            else { return nil }
            return (
                operation.rawValue,
                .object([
                    "input_token": .string("NextToken"), "output_token": .string("NextToken"),
                    "limit_key": .string("MaxResults"), "result_key": .string(list.name),
                ])
            )
        }
        return .object(["pagination": .object(Dictionary(uniqueKeysWithValues: pages))])
    }

    /// The whole of `waiters-2.json`.
    package static var waiters: JSONValue {
        let (model, dataset) = ("ModelDescription.Status", "DatasetDescription.Status")
        let package = "ModelPackagingDescription.Status"
        return .object([
            "version": .integer(2),
            "waiters": .object([
                "DatasetCreated": waiter(
                    .describeDataset, dataset, seconds: 2, minutes: 60,
                    success: ["CREATE_COMPLETE"], failure: ["CREATE_FAILED"]),
                "DatasetUpdated": waiter(
                    .describeDataset, dataset, seconds: 2, minutes: 60,
                    success: ["UPDATE_COMPLETE"], failure: ["UPDATE_FAILED_ROLLBACK_COMPLETE"]),
                "ModelTrained": waiter(
                    .describeModel, model, seconds: 5, minutes: 24 * 60,
                    success: ["TRAINED", "HOSTED"], failure: ["TRAINING_FAILED"]),
                "ModelHosted": waiter(
                    .describeModel, model, seconds: 2, minutes: 60, success: ["HOSTED"],
                    failure: ["HOSTING_FAILED", "TRAINING_FAILED"]),
                "ModelStopped": waiter(
                    .describeModel, model, seconds: 2, minutes: 60, success: ["TRAINED"],
                    failure: ["HOSTING_FAILED"]),
                "ModelDeleted": waiter(
                    .describeModel, model, seconds: 2, minutes: 60, success: [],
                    failure: ["HOSTING_FAILED"], goneIsSuccess: true),
                "ModelPackagingJobSucceeded": waiter(
                    .describeModelPackagingJob, package, seconds: 2, minutes: 60,
                    success: ["SUCCEEDED"], failure: ["FAILED"]),
            ]),
        ])
    }

    private static func waiter(
        _ operation: Operation, _ argument: String, seconds: Int, minutes: Int,
        success: [String], failure: [String], goneIsSuccess: Bool = false
    ) -> JSONValue {
        func acceptor(_ status: String, _ state: String) -> JSONValue {
            .object([
                "matcher": .string("path"), "argument": .string(argument),
                "expected": .string(status), "state": .string(state),
            ])
        }
        var acceptors = success.map { acceptor($0, "success") }
        acceptors += failure.map { acceptor($0, "failure") }
        if goneIsSuccess {
            acceptors.append(
                .object([
                    "matcher": .string("error"), "state": .string("success"),
                    "expected": .string(ErrorCode.resourceNotFound.rawValue),
                ]))
        }
        return .object([
            "operation": .string(operation.rawValue), "delay": .integer(seconds),
            "maxAttempts": .integer(minutes * 60 / seconds), "acceptors": .array(acceptors),
        ])
    }
}
