// System.Numerics.Tensors, where TensorPrimitives lives, has a Tensor of its own.
global using Tensor = RecallCluster.Learning.Tensors.Tensor;
