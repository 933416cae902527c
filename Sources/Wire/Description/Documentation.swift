/// What SDKs and the OpenAPI description say about operations, shapes and members.
enum Documentation {
    static let service =
        "Spotter finds defects in pictures of products. Create a project, give it labelled images "
        + "as a dataset, train a model, then host the model to judge images, or package it for a "
        + "device."

    static func operation(_ operation: Operation) -> String {
        switch operation {
        case .createDataset:
            "Makes the training or test dataset of a project: empty, or from a manifest of "
                + "labelled images, which is then read in the background."
        case .createModel:
            "Trains a new version of a project's model in the background. The evaluation is "
                + "written to the output location."
        case .createProject: "Makes a project, which holds datasets and versions of a model."
        case .deleteDataset: "Removes a dataset. Its images stay where they are."
        case .deleteModel:
            "Removes a version of a model, which must not be hosted or in training. Its number is "
                + "not used again."
        case .deleteProject: "Removes a project that has no datasets and models any more."
        case .describeDataset: "Tells the state of a dataset and counts its images."
        case .describeModel:
            "Tells the state of a model's version, how good it is, and where its evaluation lies."
        case .describeModelPackagingJob:
            "Tells the state of a packaging job and, when it succeeded, the component it made."
        case .describeProject: "Tells about a project and its datasets."
        case .detectAnomalies:
            "Judges one image with a hosted model: normal or anomalous, how sure, and for models "
                + "trained with masks also where and what the anomalies are."
        case .listDatasetEntries: "Lists the JSON lines of a dataset, newest first."
        case .listModelPackagingJobs: "Lists the packaging jobs of a project, newest first."
        case .listModels: "Lists the versions of a project's model, newest first."
        case .listProjects: "Lists the projects by name."
        case .listTagsForResource: "Lists the tags of a model."
        case .startModel: "Hosts a trained model, so that it can judge images."
        case .startModelPackagingJob:
            "Packages a trained model as an AWS IoT Greengrass component, in the background."
        case .stopModel: "Ends the hosting of a model."
        case .tagResource: "Adds tags to a model, or changes their values."
        case .untagResource: "Removes tags from a model."
        case .updateDatasetEntries:
            "Adds JSON lines to a dataset and replaces those of the same images, all or none, in "
                + "the background."
        }
    }

    static let shapes: [String: String] = [
        "AccessDeniedException": "The policy of the caller does not allow the call.",
        "ConflictException": "The state of a resource does not allow the call.",
        "InternalServerException": "Something went wrong inside. Try again.",
        "ResourceNotFoundException": "The resource does not exist.",
        "ServiceQuotaExceededException": "The call would go over a limit.",
        "ThrottlingException": "There are too many calls. Try again later.",
        "ValidationException": "The request breaks a rule; the message names the member.",
        "DetectAnomalyResult": "What a model says about an image.",
        "Anomaly": "A kind of anomaly, or the background, and its share of the image.",
        "PixelAnomaly": "How much of the image an anomaly covers and its colour in the mask.",
        "ModelPerformance": "Figures on the test images, each between 0 and 1.",
        "GreengrassConfiguration": "The component to make and what it is for.",
        "TargetPlatform": "Operating system, processor and accelerator of a device.",
        "DatasetImageStats": "How many images a dataset has, by label.",
    ]

    static let members: [String: String] = [
        "ProjectName": "Name of the project.",
        "ModelVersion": "Version of the model; latest means the newest where it is allowed.",
        "DatasetType": "train or test.",
        "ClientToken":
            "Makes the call safe to repeat: the same token gets the same answer for 8 hours.",
        "DatasetSource": "Where the dataset comes from; without it the dataset is empty.",
        "Changes": "JSON lines of a Ground Truth manifest.",
        "Description": "What it is, in words of your own.",
        "OutputConfig": "Where the evaluation is written.",
        "KmsKeyId": "Kept with the model; Spotter encrypts nothing with it.",
        "Tags": "Names and values, at most 50 on a resource.",
        "TagKeys": "Keys of the tags to remove.",
        "ResourceArn": "ARN of a model.",
        "MinInferenceUnits": "Images that can be judged at once, at least.",
        "MaxInferenceUnits": "Images that can be judged at once, at most.",
        "Body": "A PNG or JPEG image of up to 8 MB, 64 to 4096 pixels a side.",
        "ContentType": "image/png or image/jpeg.",
        "NextToken": "Where the next page begins, as the last one said.",
        "MaxResults": "Items of a page, 1 to 100.",
        "Labeled": "Only entries with a label, or only those without.",
        "AnomalyClass": "Only normal or only anomaly.",
        "BeforeCreationDate": "Only entries made before this time.",
        "AfterCreationDate": "Only entries made after this time.",
        "SourceRefContains": "Only entries whose source-ref contains this text.",
        "JobName": "Name of the packaging job; without one the job gets a name.",
        "Configuration": "What the package is for and where it goes.",
        "CompilerOptions": "A JSON object in a text: what the processor or GPU can do.",
        "TargetDevice": "A device by its name; instead of TargetPlatform.",
        "S3OutputLocation": "Bucket and prefix of the package.",
        "ComponentName": "Name of the component.",
        "ComponentVersion": "major.minor.patch; MODELVERSION.0.0 if left out.",
        "Confidence": "How sure the verdict is, 0 to 1.",
        "IsAnomalous": "Whether the image shows an anomaly.",
        "AnomalyMask": "A PNG of the image's size with the anomalies in their colours.",
        "TotalPercentageArea": "Share of the image, 0 to 1 in spite of its name.",
    ]
}
