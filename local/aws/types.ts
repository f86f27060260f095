/** Type tokens of the AWS resources that the local cloud has. */
export const AWS_TYPES = {
  eip: "aws:ec2/eip:Eip",
  eipAssociation: "aws:ec2/eipAssociation:EipAssociation",
  eipDomainName: "aws:ec2/eipDomainName:EipDomainName",
  instance: "aws:ec2/instance:Instance",
  instanceProfile: "aws:iam/instanceProfile:InstanceProfile",
  networkInterface: "aws:ec2/networkInterface:NetworkInterface",
  parameter: "aws:ssm/parameter:Parameter",
  role: "aws:iam/role:Role",
  rolePolicy: "aws:iam/rolePolicy:RolePolicy",
  rolePolicyAttachment: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  securityGroup: "aws:ec2/securityGroup:SecurityGroup",
  securityGroupEgressRule: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
  securityGroupIngressRule: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  volume: "aws:ebs/volume:Volume",
  volumeAttachment: "aws:ec2/volumeAttachment:VolumeAttachment",
} as const;
