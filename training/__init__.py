"""Trains the models of the mesh: trips in, one ONNX file and one card a service out.

Nothing else in the project trains. Serving needs no Python: every feature is computed
inside the ONNX graph, from the raw fields of a ride.
"""
