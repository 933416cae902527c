extension Shapes {
    /// Errors that the operations declare.
    static let errors: [(name: String, shape: Shape)] = [
        (
            "AccessDeniedException",
            .structure([
                .init("Message", "ExceptionString", required: true)
            ])
        ),
        (
            "ConflictException",
            .structure([
                .init("Message", "ExceptionString", required: true),
                .init("ResourceId", "ExceptionString", required: true),
                .init("ResourceType", "ResourceType", required: true),
            ])
        ),
        (
            "InternalServerException",
            .structure([
                .init("Message", "ExceptionString", required: true),
                .init("RetryAfterSeconds", "RetryAfterSeconds", in: .header("Retry-After")),
            ])
        ),
        (
            "ResourceNotFoundException",
            .structure([
                .init("Message", "ExceptionString", required: true),
                .init("ResourceId", "ExceptionString", required: true),
                .init("ResourceType", "ResourceType", required: true),
            ])
        ),
        (
            "ServiceQuotaExceededException",
            .structure([
                .init("Message", "ExceptionString", required: true),
                .init("ResourceId", "ExceptionString"),
                .init("ResourceType", "ResourceType"),
                .init("QuotaCode", "ExceptionString", required: true),
                .init("ServiceCode", "ExceptionString", required: true),
            ])
        ),
        (
            "ThrottlingException",
            .structure([
                .init("Message", "ExceptionString", required: true),
                .init("QuotaCode", "ExceptionString"),
                .init("ServiceCode", "ExceptionString"),
                .init("RetryAfterSeconds", "RetryAfterSeconds", in: .header("Retry-After")),
            ])
        ),
        (
            "ValidationException",
            .structure([
                .init("Message", "ExceptionString", required: true)
            ])
        ),
    ]
}
