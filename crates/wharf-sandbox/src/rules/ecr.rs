//! What ECR refuses.

use super::rules;

rules! { "ECR"
    REPOSITORY_NAME_UNIQUE: "ecr/repository-name-unique", 400 "RepositoryAlreadyExistsException",
        "A repository is made once.",
        "ECR API reference, CreateRepository";
    REPOSITORIES_COUNT: "ecr/repositories-count", 400 "LimitExceededException",
        "A registry has 100,000 repositories at most.",
        "ECR user guide, service quotas";
    REPOSITORY_EMPTY: "ecr/repository-empty", 400 "RepositoryNotEmptyException",
        "A repository with images is deleted only by force.",
        "ECR API reference, DeleteRepository";
    TAG_IMMUTABLE: "ecr/tag-immutable", 400 "ImageTagAlreadyExistsException",
        "A tag of an immutable repository cannot be moved.",
        "ECR API reference, PutImage";
    IMAGE_EXISTS: "ecr/image-exists", 400 "ImageNotFoundException",
        "One missing image fails the whole description.",
        "ECR API reference, DescribeImages";
    REPOSITORY_EXISTS: "ecr/repository-exists", 400 "RepositoryNotFoundException",
        "One missing repository fails the whole description.",
        "ECR API reference, DescribeRepositories";
    LIFECYCLE_VALID: "ecr/lifecycle-valid", 400 "InvalidParameterException",
        "A lifecycle policy is valid JSON with rules that fit together.",
        "ECR user guide, lifecycle policy properties";
    LIFECYCLE_EXISTS: "ecr/lifecycle-exists", 400 "LifecyclePolicyNotFoundException",
        "A lifecycle policy that is read or deleted must exist.",
        "ECR API reference, GetLifecyclePolicy";
    POLICY_JSON: "ecr/policy-json", 400 "InvalidParameterException",
        "A repository policy is valid JSON.",
        "ECR API reference, SetRepositoryPolicy";
    POLICY_EXISTS: "ecr/policy-exists", 400 "RepositoryPolicyNotFoundException",
        "A repository policy that is read or deleted must exist.",
        "ECR API reference, GetRepositoryPolicy";
    REPOSITORY_ARN: "ecr/repository-arn", 400 "InvalidParameterException",
        "What is tagged is named by the ARN of a repository.",
        "ECR API reference, TagResource";
    MANIFEST_JSON: "ecr/manifest-json", 400 "InvalidParameterException",
        "An image manifest is valid JSON.",
        "ECR API reference, PutImage";
    MANIFEST_DIGEST: "ecr/manifest-digest", 400 "ImageDigestDoesNotMatchException",
        "A digest that is given is that of the manifest.",
        "ECR API reference, PutImage";
    IMAGE_NEW: "ecr/image-new", 400 "ImageAlreadyExistsException",
        "A push changes something.",
        "ECR API reference, PutImage";
}
