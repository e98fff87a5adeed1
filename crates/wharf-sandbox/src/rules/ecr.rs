//! What ECR refuses.

use super::rules;

rules! { "ECR"
    REPOSITORY_NAME_UNIQUE: "ecr/repository-name-unique", 400 "RepositoryAlreadyExistsException",
        "A repository is made once.",
        "ECR API reference, CreateRepository";
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
}
